"""Who may use which keys: everybody their own, organizers those of the people at their events."""

from evently.row_security.tables import ME, OWN, May, Table, declare

declare(
    Table(
        "keys.person_keys",
        attendee=May(select=OWN),
        organizer=May(select=f"(user_id = {ME} OR evently_is_mine(user_id))"),
    ),
)

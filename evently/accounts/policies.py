"""Who sees and changes which accounts, and what belongs to them."""

from evently.row_security.tables import ME, OWN, May, Table, declare

SELF = f"id = {ME}"
# Their own profile and preferences. Not their role, nor whether they are a superuser or active.
OWN_COLUMNS = (
    "name",
    "email",
    "email_digest",
    "email_verified_at",
    "password_hash",
    "preferences",
    "timezone",
    "version",
    "session_version",
    "link_version",
    "links_version",
    "deletion_requested_at",
    "deletion_due_at",
    "updated_at",
)
OWNED = May(select=OWN, insert=OWN, update=OWN, delete=OWN)

declare(
    Table(
        "users",
        attendee=May(select=SELF, update=SELF, columns=OWN_COLUMNS),
        organizer=May(select=f"({SELF} OR evently_is_mine(id))", update=SELF, columns=OWN_COLUMNS),
    ),
    Table("api_tokens", attendee=OWNED, organizer=OWNED),
    Table(
        "data_exports",
        attendee=May(select=OWN, insert=OWN),
        organizer=May(select=OWN, insert=OWN),
    ),
    Table("data_export_parts", attendee=May(select=OWN), organizer=May(select=OWN)),
    Table("email_changes", attendee=OWNED, organizer=OWNED),
    # Logging in asks for them, before a request acts as its user.
    Table("totp_factors", attendee=OWNED, organizer=OWNED),
    Table("passkeys", attendee=OWNED, organizer=OWNED),
    Table("recovery_codes", attendee=OWNED, organizer=OWNED),
    # Made by superusers.
    Table("second_factor_resets", attendee=May(select=OWN), organizer=May(select=OWN)),
    # Logging in lists them, before a request acts as its user.
    Table(
        "user_sessions",
        attendee=May(select=OWN, delete=OWN),
        organizer=May(select=OWN, delete=OWN),
    ),
    # Due work, about addresses of whom nothing is known yet.
    Table("email_requests"),
    Table("unconfirmed_emails"),
)

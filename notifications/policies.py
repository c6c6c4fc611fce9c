"""Who sees and changes which notifications and emails."""

from evently.row_security.tables import (
    LISTED,
    MANAGED,
    ME,
    NOTHING,
    OWN,
    OWN_OR_LISTED,
    READS,
    May,
    Table,
    declare,
    listed,
    may_call,
)

OWN_OR_MANAGED = f"({OWN} OR {MANAGED})"

declare(
    Table(
        "notifications",
        attendee=May(select=OWN, insert=OWN, update=OWN),
        organizer=May(select=OWN, insert=OWN, update=OWN),
    ),
    Table(
        "email_delivery_log",
        attendee=May(select=OWN),
        # Sending one again locks it.
        organizer=May(select=OWN_OR_LISTED, update=MANAGED, columns=("next_attempt_at",)),
    ),
    Table(
        "email_resends",
        attendee=May(select=OWN, insert=f"{OWN} AND by_id = {ME}"),
        organizer=May(select=OWN_OR_LISTED, insert=f"{OWN_OR_MANAGED} AND by_id = {ME}"),
    ),
    # The worker carries a run out, and notes how far it is.
    Table(
        "resend_runs",
        attendee=May(select=OWN),
        organizer=May(select=OWN_OR_LISTED, insert=f"{MANAGED} AND {OWN}"),
    ),
    # Written by what mail servers report, which acts for nobody.
    Table("email_returns", attendee=May(select=OWN), organizer=May(select=OWN_OR_LISTED)),
    Table("early_reports"),
    # Written by the mailer, which acts for nobody.
    Table("email_attempts", attendee=May(select=OWN), organizer=May(select=OWN_OR_LISTED)),
    Table("sent_emails", attendee=May(select=OWN), organizer=May(select=OWN_OR_LISTED)),
    Table("suppressions", attendee=May(select=OWN), organizer=May(select=OWN)),
    Table(
        "message_keys", attendee=May(select=OWN, insert=OWN), organizer=May(select=OWN, insert=OWN)
    ),
    # Rows in it mean that a partition was not made in time: they are counted.
    Table("notifications_default", worker=READS, superuser=NOTHING),
    Table("announcements", organizer=May(select=LISTED, insert=MANAGED)),
    Table(
        "event_mutes",
        attendee=May(select=OWN, insert=OWN, delete=OWN),
        organizer=May(select=OWN, insert=OWN, delete=OWN),
    ),
    Table(
        "event_emails",
        organizer=May(select=MANAGED, insert=MANAGED, update=MANAGED, delete=MANAGED),
    ),
    Table(
        "event_logos",
        organizer=May(select=MANAGED, insert=MANAGED, update=MANAGED, delete=MANAGED),
    ),
    Table("mailings", organizer=May(select=LISTED)),
    # Organizers delete what was not sent; attendees read what was sent to them by
    # `evently_received_message`.
    Table(
        "organizer_messages",
        attendee=May(select=f"by_id = {ME}"),
        organizer=May(
            select=listed(own=["by_id"]),
            insert=f"{MANAGED} AND by_id = {ME}",
            update=MANAGED,
            delete=f"{MANAGED} AND state IN ('draft', 'scheduled')",
        ),
    ),
    Table("email_templates", attendee=READS, organizer=READS),
)

may_call("evently_make_notification_partitions(integer)")

may_call("evently_drop_notification_partition()")

"""How long notifications and emails in the log are kept."""

from django.conf import settings

from evently.lifecycle.expiring import expiring, old_rows
from evently.lifecycle.registry import Kept, Period, Rule, register
from notifications.copies import removing
from notifications.operations import partitions

STRAYS = Period("the notification", years=1)
EMAILS = Period("the email", years=1)
COPIES = Period("the email", days=settings.SENT_EMAIL_DAYS)
RUNS = Period("the beginning", days=30)
RELEASED = Period("the release of the address", years=1)
WRITTEN = Period("the last change of the message", days=400)
KEYS = Period("the notification", days=400)
MAILINGS = Period("the last of its notifications", days=400)
MUTED = Period("the choice", years=2)
INTEREST = "Legitimate interest in showing what was sent (Art. 6 (1) f GDPR)"

register(
    Rule(
        name="notifications",
        table="notifications",
        data="Notifications",
        period=Period("the end of the month of the notification", years=1),
        then="deleted",
        how="a partition for each month, dropped as a whole; the next ones are made 3 months ahead",
        ground=INTEREST,
        due=partitions.rows_to_drop,
        work=partitions.drop_old,
    ),
    Rule(
        name="stray_notifications",
        personal=False,
        table="notifications_default",
        data="Notifications of months without a partition",
        period=STRAYS,
        then="deleted",
        how="in batches; an alert says that a partition was missing",
        ground=INTEREST,
        due=lambda: old_rows("notifications_default", "created_at", STRAYS.interval),
        work=expiring("notifications_default"),
    ),
    Rule(
        name="emails",
        table="email_delivery_log",
        data="The log of emails, with the address of each, sealed",
        period=EMAILS,
        then="deleted",
        how="in batches, oldest first",
        ground=INTEREST,
        due=lambda: old_rows("email_delivery_log", "created_at", EMAILS.interval),
        work=expiring("email_delivery_log"),
    ),
    Rule(
        name="email_attempts",
        table="email_attempts",
        data="Attempts to send each email: when, by which provider, and its answer without names",
        period=EMAILS,
        then="deleted",
        how="in batches",
        ground=INTEREST,
        due=lambda: old_rows("email_attempts", "created_at", EMAILS.interval),
        work=expiring("email_attempts"),
    ),
    Rule(
        name="sent_emails",
        table="sent_emails",
        data="What sent emails said, without their links and codes, sealed",
        period=COPIES,
        then="deleted",
        how="in batches; with the account before; SENT_EMAIL_DAYS sets the time",
        ground=INTEREST,
        due=removing.due,
        work=removing.delete_old,
    ),
    Rule(
        name="resends",
        table="email_resends",
        data="Who had an email sent again",
        period=EMAILS,
        then="deleted",
        how="in batches",
        ground=INTEREST,
        due=lambda: old_rows("email_resends", "created_at", EMAILS.interval),
        work=expiring("email_resends"),
    ),
    Rule(
        name="resend_runs",
        table="resend_runs",
        data="Who had many emails sent again at a time, and how far that is",
        period=RUNS,
        then="deleted",
        how="in batches",
        ground=INTEREST,
        due=lambda: old_rows("resend_runs", "created_at", RUNS.interval),
        work=expiring("resend_runs"),
    ),
    Rule(
        name="returns",
        table="email_returns",
        data="What mail servers reported of emails: delivered, came back, reported as spam",
        period=EMAILS,
        then="deleted",
        how="in batches; with the account before",
        ground=INTEREST,
        due=lambda: old_rows("email_returns", "created_at", EMAILS.interval),
        work=expiring("email_returns"),
    ),
    Rule(
        name="suppressions",
        table="suppressions",
        data="Addresses that get no emails, sealed and as digests, since earlier ones came back",
        period=RELEASED,
        then="deleted",
        how="in batches; as long as it is not released, with the account",
        ground="Legitimate interest in sending no emails that come back (Art. 6 (1) f GDPR)",
        due=lambda: old_rows("suppressions", "released_at", RELEASED.interval),
        work=expiring("suppressions"),
    ),
    Rule(
        name="organizer_messages",
        table="organizer_messages",
        data="What organizers wrote to attendees, and who wrote it",
        period=WRITTEN,
        then="deleted",
        how="in batches; the text is erased with its author’s account before",
        ground=INTEREST,
        due=lambda: old_rows("organizer_messages", "updated_at", WRITTEN.interval),
        work=expiring("organizer_messages"),
    ),
    Rule(
        name="message_keys",
        personal=False,
        table="message_keys",
        data="What keeps a notification from being sent twice",
        period=KEYS,
        then="deleted",
        how="in batches",
        ground=INTEREST,
        due=lambda: old_rows("message_keys", "created_at", KEYS.interval),
        work=expiring("message_keys"),
    ),
    Rule(
        name="mailings",
        personal=False,
        table="mailings",
        data="Which reminders and thanks have gone out to the attendees of an event",
        period=MAILINGS,
        then="deleted",
        how="in batches; with the event before",
        ground=INTEREST,
        due=lambda: old_rows("mailings", "created_at", MAILINGS.interval),
        work=expiring("mailings"),
    ),
    Rule(
        name="event_mutes",
        table="event_mutes",
        data="Which messages about an event a person has turned off",
        period=MUTED,
        then="deleted",
        how="in batches; with the event or the account before",
        ground="Performance of a contract: what the person has chosen (Art. 6 (1) b GDPR)",
        due=lambda: old_rows("event_mutes", "created_at", MUTED.interval),
        work=expiring("event_mutes"),
    ),
    Kept("email_templates", "Texts of emails, without people."),
    Kept(
        "event_emails",
        "What organizers add to the emails of an event, as long as the event is kept; the address"
        " for replies until its organizer is erased.",
    ),
    Kept("event_logos", "The logo in the emails of an event, as long as the event is kept."),
    Kept("secrets.organizer_messages", "A setting: how many messages to attendees a day."),
    Kept(
        "early_reports",
        "Due work: a report goes once its email's id is stored, or after an hour; no address.",
    ),
    Kept("announcements", "Due work: a row goes as soon as its people are notified."),
)

"""Email templates in the history, and tasks that send notifications."""

from collections.abc import Collection, Mapping
from uuid import UUID

from evently.audit.described import Described, Subject, describe, describe_tasks
from notifications.models import EmailTemplate, OrganizerMessage


def templates(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    found = EmailTemplate.objects.filter(pk__in=ids)
    return {
        template.pk: Subject(
            f"the template “{template.get_template_type_display()}”, version {template.version}"
        )
        for template in found
    }


def written(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    found = OrganizerMessage.objects.filter(pk__in=ids)
    return {message.pk: Subject(f"the message “{message.subject}”") for message in found}


describe(
    "email_templates",
    Described(
        group="Email templates",
        noun="email template",
        plural="email templates",
        rank=10,
        labels={"is_active": "in use"},
        identifying=("template_type", "subject_template"),
        subjects=templates,
        of_event=False,
    ),
)
describe(
    "event_emails",
    Described(
        group="Messages",
        noun="texts of emails",
        plural="texts of emails",
        rank=9,
        labels={
            "template_type": "email",
            "above": "text above",
            "below": "text below",
            "sender_name": "sender’s name",
            "reply_to": "replies go to",
            "failed_at": "could not be filled since",
            "failure": "why not",
        },
        phrases={
            "created": "wrote texts for the emails of {event}",
            "changed": "changed the texts for the emails of {event}",
            "deleted": "removed the texts for the emails of {event}",
        },
        identifying=("template_type", "above", "below", "sender_name"),
    ),
)
describe(
    "event_logos",
    Described(
        group="Messages",
        noun="logo of emails",
        plural="logos of emails",
        rank=9,
        labels={"content": "file", "content_type": "type", "digest": "SHA-256"},
        phrases={
            "created": "uploaded a logo for the emails of {event}",
            "changed": "replaced the logo in the emails of {event}",
            "deleted": "removed the logo from the emails of {event}",
        },
        identifying=("content_type", "width", "height"),
    ),
)
describe(
    "email_resends",
    Described(
        group="Messages",
        noun="email",
        plural="emails",
        rank=9,
        phrases={"created": "sent {object} again"},
        participles={"created": "sent again"},
    ),
)
describe(
    "organizer_messages",
    Described(
        group="Messages",
        noun="message to attendees",
        plural="messages to attendees",
        rank=8,
        labels={
            "booking_ids": "bookings",
            "send_at": "to be sent",
            "hold": "held",
            "started_at": "sending began",
            "ended_at": "sending ended",
            "by_id": "written by",
            "withdrawn": "emails taken back",
        },
        phrases={"created": "wrote a message to attendees"},
        subjects=written,
    ),
)
describe(
    "suppressions",
    Described(
        group="Messages",
        noun="suppressed address",
        plural="suppressed addresses",
        rank=9,
        labels={"released_at": "released", "release": "released by"},
        phrases={"created": "put an address on the suppression list"},
        of_event=False,
    ),
)
describe(
    "event_mutes",
    Described(
        group="Messages",
        noun="setting for messages",
        plural="settings for messages",
        rank=9,
        phrases={"created": "turned messages off", "deleted": "turned messages on again"},
        of_event=False,
    ),
)
describe_tasks(
    send_failed_again="failed emails are sent again",
    send_test_email="a test email is sent",
    continue_resend_run="emails are sent again",
    continue_resend_runs="emails are sent again",
    deliver="emails are sent",
    deliver_many="emails are sent",
    deliver_missed="emails that were missed are sent",
    send_messages="messages to attendees are sent",
    send_messages_of="messages to attendees are sent",
    continue_announcements="people are notified of a change",
    continue_announcements_of="people are notified of a change",
    apply_returns="reports of mail servers are evaluated",
    read_bounces="the mailbox of returned emails is read",
    remind_attendees="attendees are reminded of their events",
    thank_attendees="attendees are thanked after an event",
    remind_of_payments="people are reminded of open payments",
    remind_of_offers="people are reminded of offers that end soon",
    make_partitions="tables for the next months are created",
)
for table, noun, plural in (
    ("notifications", "notification", "notifications"),
    ("email_returns", "report about an email", "reports about emails"),
    ("resend_runs", "run of sending emails again", "runs of sending emails again"),
    ("email_attempts", "attempt to send an email", "attempts to send emails"),
    ("sent_emails", "copy of a sent email", "copies of sent emails"),
    ("email_delivery_log", "entry of the delivery log", "entries of the delivery log"),
):
    describe(table, Described(group="Messages", noun=noun, plural=plural, rank=11))

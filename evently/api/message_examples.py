"""Examples in the OpenAPI document: messages to attendees, and emails."""

from drf_spectacular.utils import OpenApiExample

from evently.api.examples import EVENT_ID

MESSAGE_VALUE = {
    "id": "0199c3ad-5a10-7c02-9b41-1d5e2f3a4b08",
    "event": EVENT_ID,
    "subject": "Doors open at 18:30",
    "body": "Dear {userName},\n\nthe entrance is in the yard this time. See {eventUrl}.",
    "audience": "booked",
    "state": "scheduled",
    "held": "",
    "send_at": "2027-04-30T15:00:00Z",
    "started_at": None,
    "ended_at": None,
    "recipients": 0,
    "notified": 0,
    "withdrawn": 0,
    "version": 2,
    "created_at": "2027-04-20T08:00:00Z",
    "updated_at": "2027-04-20T08:05:00Z",
}
EMAIL_VALUE = {
    "id": "0199c3ad-5a10-7c02-9b41-1d5e2f3a4b09",
    "event": EVENT_ID,
    "kind": "booking_confirm",
    "recipient": {"name": "Ada Lovelace", "email": "ada@example.org"},
    "booking": "EVT20270302K7Q2M9XW4B",
    "status": "sent",
    "problem": "",
    "provider": "smtp:main",
    "attempts": 2,
    "last_attempt_at": "2027-03-02T09:01:07Z",
    "next_attempt_at": None,
    "created_at": "2027-03-02T09:00:35Z",
}
REACH_VALUE = {
    "people": 62,
    "by_email": 59,
    "in_app": 2,
    "turned_off": 1,
    "no_emails": 1,
    "unreachable": 1,
}
EMAIL = OpenApiExample("An email about an event", value=EMAIL_VALUE, response_only=True)
EMAIL_DETAIL = OpenApiExample(
    "An email that was deferred once",
    value={
        **EMAIL_VALUE,
        "tries": [
            {
                "number": 1,
                "provider": "smtp:main",
                "outcome": "deferred",
                "code": "451 4.7.1",
                "answer": "Greylisting in action, please come back later",
                "created_at": "2027-03-02T09:00:36Z",
            },
            {
                "number": 2,
                "provider": "smtp:main",
                "outcome": "accepted",
                "code": "250 2.0.0",
                "answer": "Ok: queued as 4Xy12AbCdz",
                "created_at": "2027-03-02T09:01:07Z",
            },
        ],
        "returns": [],
        "resends": [],
        "copies": [
            {"id": "0199c3ad-5a10-7c02-9b41-1d5e2f3a4b0a", "sent_at": "2027-03-02T09:01:06Z"}
        ],
    },
    response_only=True,
)
MESSAGE = OpenApiExample("A message to attendees", value=MESSAGE_VALUE, response_only=True)
MESSAGE_DETAIL = OpenApiExample(
    "A message that is scheduled",
    value={
        **MESSAGE_VALUE,
        "bookings": [],
        "reach": REACH_VALUE,
        "progress": None,
    },
    response_only=True,
)
MESSAGE_REQUEST = OpenApiExample(
    "To everyone who has seats",
    value={name: MESSAGE_VALUE[name] for name in ("subject", "body", "audience")},
    request_only=True,
)
MESSAGE_CHANGE = OpenApiExample(
    "Another subject", value={"subject": "Doors open at 18:00"}, request_only=True
)
MESSAGE_PREVIEW = OpenApiExample(
    "The email, and whom it would reach",
    value={
        "subject": MESSAGE_VALUE["subject"],
        "text": "Dear Ada Lovelace,\n\nthe entrance is in the yard this time. …",
        "html": '<!doctype html><html lang="en">…</html>',
        "reply_to": "mill@example.org",
        "reach": REACH_VALUE,
    },
    response_only=True,
)
EMAIL_CONTENT = OpenApiExample(
    "What an email said",
    value={
        "email": EMAIL_VALUE["id"],
        "copy": "0199c3ad-5a10-7c02-9b41-1d5e2f3a4b0a",
        "sent_at": "2027-03-02T09:01:06Z",
        "subject": "Your booking: Piano at the Old Mill",
        "sender": "Old Mill <tickets@example.org>",
        "recipient": "ada@example.org",
        "reply_to": "mill@example.org",
        "text": "Dear Ada Lovelace,\n\nyou have booked 2 seats. …",
        "html": '<!doctype html><html lang="en">…</html>',
        "files": [{"name": "event.ics", "content_type": "text/calendar", "bytes": 812}],
    },
    response_only=True,
)
RESEND_RUN = OpenApiExample(
    "Some emails are still to be dealt with",
    value={
        "id": "0199c3ad-5a10-7c02-9b41-1d5e2f3a4b0b",
        "event": EVENT_ID,
        "total": 1200,
        "done": 500,
        "sent": 497,
        "waiting": 0,
        "too_often": 1,
        "gone": 0,
        "suppressed": {"hard_bounce": 2},
        "created_at": "2027-03-02T10:00:00Z",
        "finished_at": None,
    },
    response_only=True,
)
RESEND_RUN_REQUEST = OpenApiExample("All that failed", value={"failed": True}, request_only=True)
PROVIDERS = OpenApiExample(
    "A provider that works",
    value={
        "providers": [
            {
                "name": "smtp:main",
                "state": "in_use",
                "sent_last_hour": 312,
                "succeeded_at": "2027-03-02T10:00:00Z",
                "failed_at": None,
                "failure": "",
                "per_second": 10,
                "per_day": None,
            }
        ]
    },
    response_only=True,
)
SUPPRESSION = OpenApiExample(
    "An address that does not exist",
    value={
        "id": "0199c3ad-5a10-7c02-9b41-1d5e2f3a4b0c",
        "address": "ada@example.org",
        "name": "Ada Lovelace",
        "reason": "hard_bounce",
        "created_at": "2027-03-02T09:05:00Z",
        "released_at": None,
        "released_by": "",
    },
    response_only=True,
)
RECEIVED_MESSAGE = OpenApiExample(
    "A message of an organizer",
    value={
        "event": EVENT_ID,
        "organizer": "Mill Club",
        "subject": "Doors open at 18:30",
        "text": "Dear Ada Lovelace,\n\nthe entrance is in the yard this time.",
        "html": "Dear Ada Lovelace,<br><br>the entrance is in the yard this time.",
        "received_at": "2027-04-30T15:00:03Z",
    },
    response_only=True,
)

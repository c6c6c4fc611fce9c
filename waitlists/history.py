"""Waitlist entries and offers in the history."""

from collections.abc import Collection, Mapping
from uuid import UUID

from evently.audit.described import Described, Subject, describe, describe_tasks
from waitlists.models import Promotion, WaitlistEntry


def entries(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    rows = WaitlistEntry.objects.filter(pk__in=ids).values_list("pk", "user_id")
    return {pk: Subject("waitlist entry", user_id) for pk, user_id in rows}


def offers(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    rows = Promotion.objects.filter(pk__in=ids).values_list("pk", "user_id")
    return {pk: Subject("offer", user_id) for pk, user_id in rows}


describe(
    "waitlist_promotions",
    Described(
        group="Offers",
        noun="offer",
        plural="offers",
        rank=2,
        phrases={
            "created": "offered seats to {person}",
            "used": "accepted {object}",
            "expired": "ended {object}",
        },
        participles={"created": "made", "used": "accepted", "expired": "ended"},
        labels={
            "quantity": "seats",
            "accepted_quantity": "seats accepted",
            "unit_price": "price per seat",
            "expires_at": "can be claimed until",
            "promotion_reason": "reason",
            "first_expires_at": "could be claimed until, before",
            "moved_reason": "why it can be claimed longer",
            "message_lost_at": "email known to be lost",
            "is_unreached": "nothing reached the attendee",
            "user_id": "attendee",
            "window_minutes": "minutes to claim it",
        },
        identifying=("user_id", "quantity", "unit_price", "expires_at", "promotion_reason"),
        subjects=offers,
    ),
)
describe(
    "draws",
    Described(
        group="Draws",
        noun="draw",
        plural="draws",
        rank=3,
        phrases={
            "created": "announced a draw",
            "frozen": "closed a draw",
            "drawn": "drew the order of the waitlist",
            "void": "ended a draw",
        },
        participles={
            "created": "announced",
            "frozen": "closed",
            "drawn": "drawn",
            "void": "declared void",
        },
        labels={
            "beacon_name": "random number from",
            "beacon_at": "random number known at",
            "beacon_value": "random number",
            "lots": "places in the draw",
            "void_reason": "reason",
        },
        identifying=("closes_at", "beacon_name", "beacon_at"),
    ),
)
describe(
    "waitlists",
    Described(
        group="Waitlist",
        noun="waitlist entry",
        plural="waitlist entries",
        rank=4,
        phrases={
            "created": "joined the waitlist",
            "waiting": "joined the waitlist again",
            "left": "left the waitlist",
            "expired": "closed {object}",
            "promoted": "offered seats to {person}",
            "booked": "booked seats for {object}",
        },
        participles={
            "created": "added",
            "waiting": "waiting again",
            "left": "left",
            "expired": "closed",
            "promoted": "offered seats",
        },
        labels={
            "quantity": "seats",
            "min_quantity": "minimum seats",
            "unit_price": "price per seat",
            "priority_score": "priority",
            "priority_reason": "reason for the priority",
            "expires_at": "waits until",
            "auto_accept": "accepts offers by itself",
            "notify_prefs": "notifications",
            "user_id": "attendee",
        },
        identifying=("user_id", "quantity", "min_quantity", "unit_price"),
        subjects=entries,
    ),
)
describe(
    "waitlists_archive",
    Described(
        group="Waitlist",
        noun="archived waitlist entry",
        plural="archived waitlist entries",
        rank=14,
    ),
)
describe_tasks(
    advance_draws="draws take their next step",
    confirm_places="places are confirmed, as their owner has confirmed the email address",
    check_ledger="seats and waitlists are checked",
    expire_promotions="offers that are not claimed in time end",
    repair_waitlists="seats that were not offered yet go to the waitlist",
)

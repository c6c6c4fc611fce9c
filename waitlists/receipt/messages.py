"""What became of the messages about a person's offers, for their receipt.

Only what was looked up in what is stored of them is said (`waitlists.operations.reaching`).
"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from evently.formatting import moment
from waitlists.models import MovedReason, Promotion
from waitlists.receipt.words import Step

WHY: dict[str, str] = {
    MovedReason.LATE: "The email about the offer was handed over late, so your time began then.",
    MovedReason.LOST: "Your time began when it was known that the email did not reach you.",
    MovedReason.WAITING: (
        "The email about the offer had not been handed over when its time was over, so it got "
        "twice the time."
    ),
}
LOST = "It came back or was refused, so you were told of the offer in the app."
UNREACHED = (
    "No message about it is known to have reached you, so it does not count as an offer that ran "
    "out."
)


def why_moved(offers: Iterable[Promotion], *, zone: ZoneInfo) -> dict[datetime, str]:
    """Return why the ends of offers were moved, by their present ends."""
    reasons = {}
    for offer in offers:
        if offer.first_expires_at is not None:
            before = moment(offer.first_expires_at, zone)
            reasons[offer.expires_at] = f"{WHY[offer.moved_reason]} It was until {before} before."
    return reasons


def with_messages(steps: list[Step], offers: Iterable[Promotion]) -> list[Step]:
    """Return the steps of a receipt, with those of messages about its offers; oldest first."""
    extra = [step for offer in offers for step in _steps_of(offer)]
    # Sorting is stable: what happened at the same time stays in order.
    return sorted([*steps, *extra], key=lambda step: step["at"]) if extra else steps


def _steps_of(offer: Promotion) -> Iterable[Step]:
    if offer.message_lost_at is not None:
        yield {
            "icon": "mail",
            "tone": "bad",
            "title": "The email about the offer did not reach you",
            "text": LOST,
            "at": offer.message_lost_at,
        }
    if offer.is_unreached and offer.ended_at is not None:
        yield {
            "icon": "info",
            "tone": "info",
            "title": "The offer ended without having reached you",
            "text": UNREACHED,
            "at": offer.ended_at,
        }

"""Draws for pages and the API: read without the lists and the secrets that are still sealed."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import Count, F

from evently.database.functions import Among, GivenIds
from evently.database.prepared import PreparedQuery
from waitlists.models import Draw, WaitlistEntry

# Large, or not to be shown.
UNREAD = ("refs", "sealed_secret", "sealed_with")


def draws_of(event_id: UUID) -> list[Draw]:
    """Return the draws of an event, the newest first."""
    return list(Draw.objects.filter(event_id=event_id).defer(*UNREAD).order_by("-number"))


DRAWS = PreparedQuery(
    lambda event_ids: (
        Draw.objects.filter(Among(F("event_id"), GivenIds(event_ids)))
        .defer(*UNREAD)
        .order_by("event_id", "number")
    ),
    event_ids=list,
)


def newest_draws(event_ids: Collection[UUID]) -> Mapping[UUID, Draw]:
    """Return the newest draw of each event, in one query; events without one are left out."""
    if not event_ids:
        return {}
    return {draw.event_id: draw for draw in DRAWS.rows(event_ids=list(event_ids))}


def newest_draw(event_id: UUID) -> Draw | None:
    return newest_draws([event_id]).get(event_id)


def frozen_draw(event_id: UUID, *, number: int | None = None) -> Draw | None:
    """Return a draw with its list, by number or the newest; None where no list is published."""
    draws = Draw.objects.filter(event_id=event_id).order_by("-number")
    draw = (draws if number is None else draws.filter(number=number)).first()
    return draw if draw is not None and draw.refs is not None else None


def has_lot(draw: Draw, ref: str | None) -> bool:
    """Tell whether a place is on the list of a draw."""
    if ref is None or draw.lots is None:
        return False
    return Draw.objects.filter(event_id=draw.event_id, pk=draw.pk, refs__contains=[ref]).exists()


def participants(event_id: UUID) -> tuple[int, int]:
    """Return how many wait with a confirmed place, and how many without."""
    waiting = WaitlistEntry.objects.waiting().filter(event_id=event_id)
    total = waiting.count()
    confirmed = waiting.filter(confirmed_at__isnull=False).count()
    return confirmed, total - confirmed


def pending_draws_by_key() -> dict[str, int]:
    """Return how many pending draws have a secret that each of EVENTLY_PII_KEYS wrapped."""
    rows = Draw.objects.pending().order_by("sealed_with").values_list("sealed_with")
    return dict(rows.annotate(count=Count("pk")))

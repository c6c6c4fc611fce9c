"""The public record of a waitlist, and the page that explains waitlists."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evently.cursors import links_of, page_of
from evently.database.clock import now
from events.locks import EventNotFound
from events.models import SEATS_PER_PLACE
from events.presenters import EventPresenter
from events.queries import public_event
from events.sale import LAST_OFFERS, RESERVES_UNTIL
from waitlists import claim_windows
from waitlists.draw_presenters import draw_of
from waitlists.models import LineEvent
from waitlists.record.document import is_published
from waitlists.record.heads import head_of
from waitlists.record.summary import counts_of, refs_of
from waitlists.record.words import passes_text, rows_of

RECORDS_PER_PAGE = 50


@require_safe
@never_cache
def how_the_waitlist_works(request: HttpRequest) -> HttpResponse:
    """Explain order, offers and the public record, with the figures that the code uses."""
    context = {
        "windows": claim_windows,
        "place_limit": SEATS_PER_PLACE,
        "reserves_until": RESERVES_UNTIL,
        "last_offers": LAST_OFFERS,
    }
    return render(request, "waitlists/how.html", context)


@require_safe
def check_line(request: HttpRequest) -> HttpResponse:
    """Return the program that checks a record, for people who do not have Evently's source."""
    return HttpResponse(
        (settings.BASE_DIR / "script" / "check_line").read_bytes(),
        content_type="text/x-python; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="check_line"'},
    )


@require_safe
@never_cache
def line_record(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Show an event's record in words: all of it once the waitlist has closed, or the own part."""
    event = public_event(event_id)
    if event is None:
        raise EventNotFound
    at = now()
    own: Any = request.user.pk and refs_of(event_id=event.pk, user_id=request.user.pk)
    is_public = is_published(event, at=at)
    records = LineEvent.objects.filter(event_id=event.pk)
    if not is_public:
        records = records.filter(ref__in=own or ())
    page = page_of(
        records,
        ordering=("-seq", "-id"),
        size=RECORDS_PER_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    context = {
        "event": EventPresenter(event, at=at),
        "now": at,
        "head": head_of(event.pk),
        "draw": draw_of(event, at=at, user=request.user),
        "counts": counts_of(event.pk),
        "rule": passes_text(event.max_passes),
        "is_public": is_public,
        "rows": rows_of(page.rows, zone=event.zone, own_refs=own or ()),
        **links_of(page, request.GET),
    }
    return render(request, "waitlists/record.html", context)

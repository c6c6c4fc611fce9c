"""The history in the admin: of one event, and of everything. Filters, pages, and one act."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest
from django.utils.dateparse import parse_date

from evently.admin.cells import names_of
from evently.audit.acts import NEWEST, Wanted
from evently.audit.context import EVENTLY
from evently.audit.described import groups
from evently.audit.history import acts_page, changes_page
from evently.audit.middleware import VISITOR
from evently.audit.presenters import SOFTWARE

FILTERS = ("kind", "person", "since", "until")


def history_context(
    request: HttpRequest,
    *,
    event_id: UUID | None = None,
    zone: ZoneInfo | None = None,
    people: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return the context of admin/audit/history.html: acts, or the changes of one (`?act=`).

    zone: of the days in the filter. people: actors to choose from, by id, with their names.
    Raises Http404 for ids that are none.
    """
    if request.GET.get("act"):
        act = _uuid(request, "act")
        after = _uuid(request, "after") if request.GET.get("after") else None
        changes, further = changes_page(act, event_id=event_id, after=after)
        return {
            "act": act,
            "changes": changes,
            "further": f"?{urlencode({'act': act, 'after': further})}" if further else "",
            "back": request.path,
        }
    tables = groups(of_event=event_id is not None)
    chosen = {name: request.GET.get(name, "").strip() for name in FILTERS}
    since, until = (_day(chosen[name], zone) for name in ("since", "until"))
    wanted = Wanted(
        event_id=event_id,
        actor=chosen["person"],
        tables=tuple(tables.get(chosen["kind"], ())),
        since=since,
        until=until and until + timedelta(days=1),
    )
    before = _uuid(request, "before") if request.GET.get("before") else NEWEST
    acts, further = acts_page(wanted, before=before)
    query = {name: value for name, value in chosen.items() if value}
    return {
        "acts": acts,
        "kinds": list(tables),
        "people": _people(chosen["person"], people or {}),
        "chosen": chosen,
        "is_filtered": bool(query),
        "is_first": before == NEWEST,
        "newest": f"?{urlencode(query)}",
        "further": f"?{urlencode({**query, 'before': further})}" if further else "",
        "back": request.path,
    }


def _people(chosen: str, people: dict[str, str]) -> dict[str, str]:
    """Return whom the filter offers, with the one that a click on a name has chosen."""
    offered = {**people, EVENTLY: SOFTWARE, VISITOR: "Visitors"}
    if chosen and chosen not in offered:
        offered[chosen] = names_of({chosen}).get(chosen, chosen)
    return offered


def _day(text: str, zone: ZoneInfo | None) -> datetime | None:
    """Return the start of a day, None for what is no date."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    if day is None:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=zone or UTC)


def _uuid(request: HttpRequest, name: str) -> UUID:
    try:
        return UUID(request.GET[name])
    except ValueError as error:
        raise Http404 from error

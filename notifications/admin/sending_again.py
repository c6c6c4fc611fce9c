"""Sending emails again from the admin: confirmations, progress, and sentences of the result."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from evently.admin.confirmation import CONFIRMED, confirmation_page
from evently.admin.lists import AFTER
from evently.admin.tabs import event_page_url
from evently.database.clock import now
from evently.errors import DomainError
from evently.formatting import counted, moment
from events.admin.rows import event_of_list
from events.models import Event
from notifications.failures import SUPPRESSED_FOR, TURNED_OFF
from notifications.models import EmailDelivery, ResendRun
from notifications.operations import resending
from notifications.operations.resending import FAILED, MOST_EMAILS, Resent

# More are asked about first, and sent in the background.
MOST_AT_ONCE = 50
# A finished run is shown so long.
SHOWN_FOR = timedelta(hours=1)


# ── All failed emails ───────────────────────────────────────────────────────
def send_failed_page(request: HttpRequest, event: Event | None = None) -> HttpResponse:
    """Ask, then send again all failed emails that the list shows with the address's filters."""
    request.listed_event = event  # type: ignore[attr-defined]
    model_admin: Any = admin.site.get_model_admin(EmailDelivery)
    try:
        ids = _failed_shown(request, model_admin)
    except IncorrectLookupParameters:
        messages.error(request, "Nothing was sent, as there is no such filter.")
        return HttpResponseRedirect(_list_url(event))
    back = f"{_list_url(event)}?{request.GET.urlencode()}"

    def act() -> str:
        if ids:
            _send(request, ids)
        return back

    more = " Only as many are sent at a time." if len(ids) == MOST_EMAILS else ""
    return confirmation_page(
        model_admin,
        request,
        title=f"Send {counted(len(ids), 'failed email')} again?",
        question="Each goes to the person's current email address, with what is true now. Emails "
        "that are obsolete by now, and those to addresses that get no emails, are not sent."
        f"{more}",
        submit="Send again",
        act=act,
        back=back,
    )


def failed_url(changelist: Any, event: Event | None) -> str:
    """Return the URL of sending again all failed emails that a list shows."""
    query = changelist.get_query_string(remove=[PAGE_VAR, AFTER])
    if event is not None:
        return f"{event_page_url('send_failed_emails', event.pk)}{query}"
    return f"{reverse('admin:notifications_emaildelivery_send_failed')}{query}"


def _failed_shown(request: HttpRequest, model_admin: Any) -> list[UUID]:
    rows = model_admin.get_changelist_instance(request).queryset.filter(status__in=FAILED)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:MOST_EMAILS])


def _list_url(event: Event | None) -> str:
    if event is None:
        return reverse("admin:notifications_emaildelivery_changelist")
    return event_page_url("messages", event.pk)


# ── Selected emails ─────────────────────────────────────────────────────────
def send_selected(
    model_admin: Any, request: HttpRequest, ids: Sequence[UUID]
) -> HttpResponse | None:
    """Send selected emails again: a page at once, and many after asking, in the background."""
    if len(ids) <= MOST_AT_ONCE:
        _send(request, ids)
        return None
    back = request.get_full_path()
    if CONFIRMED in request.POST:
        _send(request, ids)
        return None

    def act() -> str:
        return back

    return confirmation_page(
        model_admin,
        request,
        title=f"Send {counted(len(ids), 'email')} again?",
        question="Each goes to the person's current email address, with what is true now.",
        submit="Send again",
        act=act,
        back=back,
        hidden=[
            ("action", "send_selected_again"),
            ("select_across", request.POST.get("select_across", "0")),
            *((ACTION_CHECKBOX_NAME, id_) for id_ in request.POST.getlist(ACTION_CHECKBOX_NAME)),
        ],
    )


def _send(request: HttpRequest, ids: Sequence[UUID]) -> None:
    """Send emails again, and say what became of them."""
    by_id: Any = request.user.pk
    try:
        if len(ids) <= MOST_AT_ONCE:
            result, rest = resending.send_again(delivery_ids=ids, by_id=by_id), 0
        else:
            result, rest = _send_many(request, ids, by_id)
    except DomainError as refusal:
        messages.error(request, refusal.text)
        return
    words = in_words(result)
    if rest:
        words += f" {counted(rest, 'more email')} will follow in the background."
    messages.add_message(request, level_of(result), words)


def _send_many(request: HttpRequest, ids: Sequence[UUID], by_id: UUID) -> tuple[Resent, int]:
    """Return what became of the first, and how many follow."""
    result, rest = Resent(), 0
    for event_id, of_event in _by_event(request, ids).items():
        run = resending.send_many_again(delivery_ids=of_event, event_id=event_id, by_id=by_id)
        result += resent_of(run)
        rest += len(run.delivery_ids) - run.done
    return result, rest


def _by_event(request: HttpRequest, ids: Sequence[UUID]) -> dict[UUID | None, list[UUID]]:
    """Return the emails of each run: organizers may only begin runs of their events."""
    event = event_of_list(request)
    if event is not None:
        return {event.pk: list(ids)}
    if request.user.is_superuser:
        return {None: list(ids)}
    found: dict[UUID | None, list[UUID]] = {}
    rows = EmailDelivery.objects.filter(pk__in=ids).order_by("pk")
    for id_, event_id in rows.values_list("pk", "event_id"):
        found.setdefault(event_id, []).append(id_)
    return found


# ── Progress ────────────────────────────────────────────────────────────────
def progress_of(event: Event | None, *, zone: Any) -> dict[str, Any]:
    """Return the context of admin/notifications/resend_run.html: the latest run of a list."""
    runs = shown_runs().filter(event_id=event.pk if event is not None else None)
    run = runs.order_by("-created_at").first()
    if run is None or (run.finished_at is not None and now() - run.finished_at > SHOWN_FOR):
        return {}
    return progress_context(run, zone=zone)


def shown_runs() -> QuerySet[ResendRun]:
    """Return runs with their number of emails, and without these, of which there may be many."""
    return ResendRun.objects.annotate(total=F("delivery_ids__len")).defer("delivery_ids")


def progress_context(run: ResendRun, *, zone: Any) -> dict[str, Any]:
    """run: one of `shown_runs`."""
    total: int = vars(run)["total"]
    return {
        "run": run,
        "run_total": total,
        "run_percent": 100 * run.done // total,
        "run_words": in_words(resent_of(run)),
        "run_at": moment(run.created_at, zone),
        "run_url": reverse("admin:notifications_emaildelivery_run", args=[run.pk]),
    }


def resent_of(run: ResendRun) -> Resent:
    return Resent(
        sent=run.sent,
        waiting=run.waiting,
        too_often=run.too_often,
        gone=run.gone,
        suppressed=run.suppressed,
    )


def in_words(result: Resent) -> str:
    """Return what became of emails that were to be sent again."""
    sentences = [f"{counted(result.sent, 'email')} will be sent again."]
    if result.waiting:
        sentences.append(f"{counted(result.waiting, 'email')} will be sent anyway.")
    if result.too_often:
        sentences.append(
            f"{counted(result.too_often, 'email')} had been sent again several times already: try "
            "again in an hour."
        )
    reasons = Counter(result.suppressed)
    if turned_off := reasons.pop(TURNED_OFF, 0):
        were = "was" if turned_off == 1 else "were"
        sentences.append(
            f"{counted(turned_off, 'email')} {were} not sent, as these emails are turned off."
        )
    if reasons:
        sentences.append(_left_out(reasons))
    if result.gone:
        sentences.append(f"{counted(result.gone, 'email')} cannot be sent any more.")
    return " ".join(sentences)


def _left_out(reasons: Mapping[str, int]) -> str:
    number = sum(reasons.values())
    shown = [f"{SUPPRESSED_FOR[reason]} ({count:,})" for reason, count in reasons.items()]
    were = "was not sent, as its" if number == 1 else "were not sent, as their"
    return f"{counted(number, 'email')} {were} address gets none: {', '.join(shown)}."


def level_of(result: Resent) -> int:
    return messages.SUCCESS if result.sent else messages.WARNING

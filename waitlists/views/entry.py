"""A user's waitlist entries: the list, the receipt of one, and leaving the waitlist."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evently.cursors import links_of, page_of
from evently.database.clock import now
from evently.errors import DomainError
from evently.formatting import seats
from evently.links import LinkInvalid, read_link
from evently.pages import (
    add_refusal,
    current_user,
    owner_or_link,
    render_refusal,
    require_get_or_post,
)
from events.sale import sale_of
from waitlists import operations, queries
from waitlists.draw_presenters import OwnDraw, draw_of
from waitlists.forms import MinQuantityForm
from waitlists.models import Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations import EntryNotFound
from waitlists.presenters import EntryPresenter, EntryUrls
from waitlists.receipt import receipt_of, returned_seats_text
from waitlists.record.heads import head_of
from waitlists.rules_text import order_text
from waitlists.views.joining import join_form

ENTRIES_PER_PAGE = 20

# An entry, and the URLs of its pages for the user or link holder who opened it.
OpenedEntry = tuple[WaitlistEntry, EntryUrls]


@require_safe
@login_required
@never_cache
def my_waitlists(request: HttpRequest) -> HttpResponse:
    """List the current user's waitlist entries, with their pending offers."""
    at = now()
    user_id = current_user(request).pk
    pending = Promotion.objects.filter(user_id=user_id, status=PromotionStatus.PENDING)
    page = page_of(
        queries.entries_of(user_id=user_id).prefetch_related(
            Prefetch("promotions", queryset=pending, to_attr="pending")
        ),
        ordering=("-joined_at", "-id"),
        size=ENTRIES_PER_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    context = {
        "entries": [
            EntryPresenter(entry, at=at, promotion=next(iter(entry.pending), None))
            for entry in page.rows
        ],
        "now": at,
        **links_of(page, request.GET),
    }
    return render(request, "waitlists/list.html", context)


def _owned_entry(request: HttpRequest, entry_id: UUID) -> OpenedEntry:
    """Return an entry of the current user. Raises EntryNotFound."""
    entry = queries.entries_of(user_id=current_user(request).pk).filter(pk=entry_id).first()
    if entry is None:
        raise EntryNotFound
    return entry, EntryUrls.for_owner(entry)


def _linked_entry(token: str) -> OpenedEntry:
    """Return the entry that an emailed link is for. Raises LinkInvalid."""
    linked = read_link(purpose="entry", token=token)
    entries = WaitlistEntry.objects.select_related("event", "user")
    entry = entries.filter(event_id=linked.event_id, pk=linked.row_id).first()
    if entry is None:
        raise LinkInvalid
    linked.check(entry.user.links_version)
    return entry, EntryUrls.for_link(token)


for_owner_or_link = owner_or_link(
    owned=_owned_entry, linked=_linked_entry, owner=lambda opened: opened[0].user_id
)


@require_safe
@for_owner_or_link
def waitlist_entry(request: HttpRequest, opened: OpenedEntry) -> HttpResponse:
    """Show the receipt of a waitlist entry."""
    entry, urls = opened
    presenter, context = _present(entry)
    receipt = receipt_of(entry, at=context["now"])
    draw = draw_of(entry.event, at=context["now"], own_zone=entry.own_zone)
    context |= {
        "entry": presenter,
        "waiting": queries.waiting_count(event_id=entry.event_id),
        "receipt": receipt,
        "steps": receipt.steps,
        "draw": draw,
        "own_lot": OwnDraw(draw, entry).lot if draw else None,
        "returned_seats": returned_seats_text(entry.event_id),
        "waitlist_order": order_text(entry.event),
        "record_head": head_of(entry.event_id),
        "urls": urls,
        "by_link": urls.by_link,
        "can_confirm": _can_confirm(request, urls),
        "sale": sale_of(entry.event, at=context["now"]),
        "form": join_form(request, entry.event),
    }
    return render(request, "waitlists/entry.html", context)


def _can_confirm(request: HttpRequest, urls: EntryUrls) -> bool:
    """Return whether the visitor has shown that the place's email address is theirs.

    By opening a link that was emailed to it, or by an account with a confirmed address.
    """
    return urls.by_link or current_user(request).is_verified


@require_get_or_post
@for_owner_or_link
def confirm_entry(request: HttpRequest, opened: OpenedEntry) -> HttpResponse:
    """Show the place that is to be confirmed; a POST confirms it."""
    entry, urls = opened
    presenter, context = _present(entry)
    if not presenter.needs_confirming:
        return redirect(urls.detail)
    context |= {
        "entry": presenter,
        "urls": urls,
        "by_link": urls.by_link,
        "can_confirm": _can_confirm(request, urls),
    }
    if request.method != "POST" or not context["can_confirm"]:
        return render(request, "waitlists/confirm.html", context)
    try:
        operations.confirm_entry(event_id=entry.event_id, entry_id=entry.pk)
    except DomainError as refusal:
        context["refusal"] = refusal
        return render_refusal(request, "waitlists/confirm.html", context, refusal)
    messages.success(request, "Your place is confirmed.")
    return redirect(urls.detail)


@require_get_or_post
@for_owner_or_link
def leave_waitlist(request: HttpRequest, opened: OpenedEntry) -> HttpResponse:
    """Ask for confirmation; a POST leaves the waitlist."""
    entry, urls = opened
    presenter, context = _present(entry)
    context |= {"entry": presenter, "back_url": urls.detail}
    if request.method != "POST":
        return render(request, "waitlists/leave.html", context)
    try:
        operations.leave_waitlist(event_id=entry.event_id, entry_id=entry.pk)
    except DomainError as refusal:
        context["refusal"] = refusal
        return render_refusal(request, "waitlists/leave.html", context, refusal)
    messages.success(request, "You have left the waitlist.")
    return redirect(urls.detail)


@require_get_or_post
@for_owner_or_link
def change_entry(request: HttpRequest, opened: OpenedEntry) -> HttpResponse:
    """Lower the fewest seats that an entry accepts; a GET shows the form."""
    entry, urls = opened
    presenter, context = _present(entry)
    if not presenter.can_need:
        return redirect(urls.detail)
    form = MinQuantityForm(request.POST or None, most=presenter.can_need)
    context |= {"entry": presenter, "form": form, "back_url": urls.detail}
    if request.method != "POST":
        return render(request, "waitlists/change.html", context)
    if not form.is_valid():
        return render_refusal(request, "waitlists/change.html", context)
    try:
        changed = operations.lower_min_quantity(
            event_id=entry.event_id, entry_id=entry.pk, **form.cleaned_data
        )
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, "waitlists/change.html", context, refusal)
    messages.success(
        request, f"You now need at least {seats(changed.min_quantity)}. Your position stays."
    )
    return redirect(urls.detail)


def _present(entry: WaitlistEntry) -> tuple[EntryPresenter, dict[str, Any]]:
    at = now()
    promotion = queries.open_promotion_for(entry=entry) if entry.has_offer else None
    return EntryPresenter(entry, at=at, promotion=promotion), {"now": at}

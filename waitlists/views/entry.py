"""A person's places in line: joining, the receipt, leaving; also by the link in a mail."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bookings.operations import OwnerNotified
from evently.cursors import links_of, page_of
from evently.database.clock import now
from evently.errors import DomainError, Invalid
from evently.idempotency.keys import Idempotency, Replayed
from evently.links import LinkInvalid, read_link
from evently.pages import (
    add_refusal,
    current_user,
    form_idempotency,
    render_refusal,
    require_get_or_post,
    secret_link_page,
)
from events.locks import EventNotFound
from events.models import Event
from events.presenters import EventPresenter
from events.queries import public_event
from waitlists import operations, queries
from waitlists.availability import availability_for
from waitlists.forms import JoinForm
from waitlists.models import Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations import EntryNotFound
from waitlists.presenters import EntryAddresses, EntryPresenter, chance, receipt

ENTRIES_PER_PAGE = 20


@require_get_or_post
@never_cache
def join_waitlist(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Ask how many seats somebody waits for; a POST puts them in line, at its end."""
    event = public_event(event_id)
    if event is None:
        raise EventNotFound
    if request.method == "POST":
        return _join(request, event)
    asked = request.GET.get("quantity", "")
    form = _form(request, event)
    if asked.isdecimal() and 1 <= int(asked[:4]) <= event.max_per_booking:
        form.initial["quantity"] = int(asked[:4])
    return render(request, "waitlists/join.html", _context(request, event, form))


def _join(request: HttpRequest, event: Event) -> HttpResponse:
    form = _form(request, event, request.POST)
    if not form.is_valid():
        return render_refusal(request, "waitlists/join.html", _context(request, event, form))
    is_guest = not request.user.is_authenticated
    try:
        entry_id = _take_place(request, event, form)
    except OwnerNotified:
        # A stranger must not learn from us who waits for what, or has seats of what.
        return _guest_joined(request, event, form)
    except DomainError as refusal:
        return _refused(request, event, form, refusal)
    if is_guest:
        return _guest_joined(request, event, form)
    messages.success(request, "You are in line. We write to you the moment it is your turn.")
    return redirect(reverse("waitlist_entry", args=[entry_id]))


def _take_place(request: HttpRequest, event: Event, form: JoinForm) -> UUID:
    """Join, and return the entry's id; the first one's where the form was sent before."""
    wishes = form.cleaned_data
    seats = {"quantity": wishes["quantity"], "min_quantity": wishes["min_quantity"]}

    def idempotency(user_id: UUID) -> Idempotency | None:
        return form_idempotency(
            request, user_id=user_id, body=seats, answer=lambda entry: {"entry": entry.pk}
        )

    try:
        if request.user.is_authenticated:
            user_id = request.user.pk
            return operations.join_waitlist(
                event_id=event.pk, user_id=user_id, idempotency=idempotency(user_id), **seats
            ).pk
        return operations.join_as_guest(
            event_id=event.pk,
            email=wishes["email"],
            name=wishes["name"],
            form_idempotency=idempotency,
            **seats,
        ).pk
    except Replayed as first:
        return UUID(first.answer["entry"])


def _guest_joined(request: HttpRequest, event: Event, form: JoinForm) -> HttpResponse:
    """Say the same to every guest: the place itself is behind the link in their mail."""
    context = {"event": EventPresenter(event, at=now()), "email": form.cleaned_data["email"]}
    return render(request, "waitlists/joined.html", context)


def _refused(
    request: HttpRequest, event: Event, form: JoinForm, refusal: DomainError
) -> HttpResponse:
    context = _context(request, public_event(event.pk) or event, form)
    if isinstance(refusal, Invalid):
        add_refusal(form, refusal)
    else:
        context["refusal"] = _next_step(refusal, event, form.cleaned_data["quantity"])
    return render_refusal(request, "waitlists/join.html", context, refusal)


def _next_step(refusal: DomainError, event: Event, quantity: int) -> dict[str, str]:
    """Say a refusal to join in plain words, and what to do next."""
    step = {"title": "That did not work", "text": refusal.text, "url": "", "link": ""}
    if isinstance(refusal, operations.SeatsAvailable):
        step |= {
            "title": "You need not wait",
            "url": f"{reverse('book', args=[event.pk])}?quantity={quantity}",
            "link": "Book instead",
        }
    elif isinstance(refusal, operations.AlreadyWaiting):
        step |= {
            "title": "You are in this line already",
            "url": reverse("my_waitlists"),
            "link": "See your places in line",
        }
    return step


def _form(request: HttpRequest, event: Event, data: Any = None) -> JoinForm:
    return JoinForm(data, most=event.max_per_booking, is_guest=not request.user.is_authenticated)


def _context(request: HttpRequest, event: Event, form: JoinForm) -> dict[str, Any]:
    at = now()
    shown = EventPresenter(event, at=at)
    availability = availability_for(event, user=request.user, at=at, closed_text=shown.closed_text)
    return {
        "event": shown,
        "form": form,
        "availability": availability,
        "seats": availability.seats,
        "chance": chance(event),
    }


@require_safe
@login_required
@never_cache
def my_waitlists(request: HttpRequest) -> HttpResponse:
    """List the reader's places in line, and what was kept for them."""
    at = now()
    pending = Promotion.objects.filter(
        user_id=current_user(request).pk, status=PromotionStatus.PENDING
    )
    page = page_of(
        queries.entries_of(user_id=current_user(request).pk).prefetch_related(
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


@require_safe
@login_required
@never_cache
def waitlist_entry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Show the receipt of one of the reader's places in line."""
    entry = _own(request, entry_id)
    return _show(request, entry, EntryAddresses.own(entry))


@require_safe
@secret_link_page
def entry_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show the receipt of the place in line of a mailed link."""
    return _show(request, _linked(token), EntryAddresses.behind(token))


@require_get_or_post
@login_required
@never_cache
def leave_waitlist(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Ask whether to leave a line; a POST does it."""
    entry = _own(request, entry_id)
    return _leave(request, entry, EntryAddresses.own(entry))


@require_get_or_post
@secret_link_page
def entry_link_leave(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether to leave the line of a mailed link; a POST does it."""
    return _leave(request, _linked(token), EntryAddresses.behind(token))


def _own(request: HttpRequest, entry_id: UUID) -> WaitlistEntry:
    """Return one of the reader's entries. Raises EntryNotFound."""
    entry = queries.entries_of(user_id=current_user(request).pk).filter(pk=entry_id).first()
    if entry is None:
        raise EntryNotFound
    return entry


def _linked(token: str) -> WaitlistEntry:
    """Return the entry that a mailed link is for. Raises LinkInvalid."""
    event_id, entry_id = read_link(purpose="entry", token=token)
    entries = WaitlistEntry.objects.select_related("event")
    entry = entries.filter(event_id=event_id, pk=entry_id).first()
    if entry is None:
        raise LinkInvalid
    return entry


def _shown(entry: WaitlistEntry) -> tuple[EntryPresenter, dict[str, Any]]:
    """Return an entry as pages show it, and what goes with it."""
    at = now()
    offer = queries.open_promotion_for(entry=entry) if entry.has_offer else None
    return EntryPresenter(entry, at=at, promotion=offer), {"now": at}


def _show(request: HttpRequest, entry: WaitlistEntry, addresses: EntryAddresses) -> HttpResponse:
    shown, context = _shown(entry)
    context |= {
        "entry": shown,
        "waiting": queries.line_length(event_id=entry.event_id),
        "steps": receipt(entry),
        "chance": chance(entry.event),
        "addresses": addresses,
        "by_link": addresses.by_link,
        "can_rejoin": not addresses.by_link and shown.event.is_on_sale_now,
        "form": _form(request, entry.event),
    }
    return render(request, "waitlists/entry.html", context)


def _leave(request: HttpRequest, entry: WaitlistEntry, addresses: EntryAddresses) -> HttpResponse:
    shown, context = _shown(entry)
    context |= {"entry": shown, "back_url": addresses.detail}
    if request.method != "POST":
        return render(request, "waitlists/leave.html", context)
    try:
        operations.leave_waitlist(event_id=entry.event_id, entry_id=entry.pk)
    except DomainError as refusal:
        context["refusal"] = refusal
        return render_refusal(request, "waitlists/leave.html", context, refusal)
    messages.success(request, "You have left the line. Everybody behind you has moved up.")
    return redirect(addresses.detail)

"""Pages: the inbox, and the number of unread notifications."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from evently.cursors import Page, first_page, links_of, page_of
from evently.database.clock import now
from evently.database.prepared import PreparedQuery
from evently.errors import DomainError
from notifications import queries
from notifications.operations import reading
from notifications.presenters import present
from notifications.returns import suppressing
from notifications.writing.received import received_message
from waitlists.presenters import PromotionPresenter
from waitlists.queries import open_offers_of

PAGE_SIZE = 20
NEWEST_FIRST = ("-created_at", "-id")
# The status by which htmx stops polling.
STOP_POLLING = 286


@require_safe
@login_required
@never_cache
def inbox(request: HttpRequest) -> HttpResponse:
    """Show one page of the user's notifications; htmx gets the list only."""
    template = (
        "notifications/_list.html" if _wants_fragment(request) else "notifications/inbox.html"
    )
    return render(request, template, _inbox_context(request))


@require_safe
@login_required
@never_cache
def organizer_message(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    """Show what the organizer of an event has written to the user, who has read it with that."""
    user: Any = request.user
    found = received_message(user=user, notification_id=notification_id)
    if found is None:
        raise Http404
    if request.method == "GET":
        reading.mark_read(user_id=user.pk, notification_id=notification_id)
    context = {"message": found, "back_url": reverse("inbox"), "back_text": "Notifications"}
    return render(request, "notifications/message.html", context)


@require_POST
@login_required
def read_notification(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    reading.mark_read(user_id=_user_id(request), notification_id=notification_id)
    return _back_to_inbox(request)


@require_POST
@login_required
def read_all_notifications(request: HttpRequest) -> HttpResponse:
    reading.mark_all_read(user_id=_user_id(request))
    return _back_to_inbox(request)


@require_POST
@login_required
def release_address(request: HttpRequest) -> HttpResponse:
    """Let the user's address get emails again."""
    user: Any = request.user
    try:
        suppressing.release_own(user=user)
    except DomainError as refusal:
        messages.error(request, refusal.text)
    else:
        messages.success(request, f"Emails to {user.email} are sent again.")
    return redirect(f"{reverse('account')}#email-address")


@require_safe
@never_cache
def inbox_badge(request: HttpRequest) -> HttpResponse:
    """Render the number of unread notifications for the site header."""
    if not request.user.is_authenticated:
        return HttpResponse(status=STOP_POLLING)
    return render(request, "components/unread_badge.html", {"unread_count": _unread(request)})


def _inbox_context(request: HttpRequest) -> dict[str, Any]:
    page = _page(_user_id(request), request.GET.get("cursor", ""))
    at = now()
    offers = open_offers_of(user_id=_user_id(request))
    return {
        "now": at,
        "offers": [PromotionPresenter(offer, at=at) for offer in offers],
        "notifications": [present(notification) for notification in page.rows],
        "unread_count": _unread(request),
        "read_all_url": reverse("read_all_notifications"),
        "here": request.get_full_path(),
        **links_of(page, request.GET),
    }


FIRST_PAGE = PreparedQuery(
    lambda user_id: queries.inbox(user_id=user_id)[: PAGE_SIZE + 1], user_id=UUID
)


def _page(user_id: UUID, cursor: str) -> Page:
    if not cursor:
        return first_page(FIRST_PAGE.rows(user_id=user_id), ordering=NEWEST_FIRST, size=PAGE_SIZE)
    inbox = queries.inbox(user_id=user_id)
    return page_of(inbox, ordering=NEWEST_FIRST, size=PAGE_SIZE, cursor=cursor)


def _back_to_inbox(request: HttpRequest) -> HttpResponse:
    """Redirect to the page of the inbox that the form was on, and nowhere else."""
    back = request.POST.get("next", "")
    inbox_url = reverse("inbox")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if safe and back.startswith(inbox_url) else inbox_url)


def _wants_fragment(request: HttpRequest) -> bool:
    htmx: Any = getattr(request, "htmx", None)
    return bool(htmx) and not (htmx.boosted or htmx.history_restore_request)


def _unread(request: HttpRequest) -> int:
    return queries.unread_count(user_id=_user_id(request))


def _user_id(request: HttpRequest) -> Any:
    return request.user.pk

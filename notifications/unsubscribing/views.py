"""The page behind the link to unsubscribe, and the one click of email clients (RFC 8058)."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from evently import throttle
from evently.database.identity import acting_as, as_worker, attendee
from evently.errors import DomainError
from evently.links import LinkInvalid
from evently.origin import origin_of
from evently.pages import render_refusal, require_get_or_post, secret_link_page
from evently.throttle import Limit, client_of
from notifications.kinds import Category
from notifications.unsubscribing import subscriptions
from notifications.unsubscribing.subscriptions import Scope, Subscription
from notifications.unsubscribing.tokens import read_token

TEMPLATE = "notifications/unsubscribe.html"
# By person, since the servers of an email provider click for all of its customers.
CLICKS = Limit("unsubscribe", 60, timedelta(hours=1))
WRONG = Limit("unsubscribe_wrong", 100, timedelta(hours=1))
WHAT = {
    Category.REMINDERS: "reminders of {event}",
    Category.EVENT_CHANGES: "emails about changes to {event}",
    Category.MESSAGES: "messages from the organizer of {event}, and thanks afterwards",
}


@csrf_exempt
@secret_link_page
@require_get_or_post
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Show what can be turned off; a POST does it. No cookie is read: the link says who it is.

    Opening the page changes nothing, as mail scanners open links. Raises LinkInvalid,
    TooManyAttempts.
    """
    try:
        read = read_token(token)
    except LinkInvalid:
        throttle.count((WRONG, client_of(origin_of(request).ip_address)))
        raise
    with as_worker():  # the token says whose emails it is about
        subscription = subscriptions.subscription_of(read)
    if request.method != "POST":
        with acting_as(attendee(read.user_id)):
            return _page(request, subscription)
    throttle.count((CLICKS, read.user_id.hex))
    with acting_as(attendee(read.user_id)):
        if request.POST.get("List-Unsubscribe") == "One-Click":
            subscriptions.unsubscribe(subscription, subscription.scopes[0])
            return HttpResponse("You are unsubscribed.\n", content_type="text/plain; charset=utf-8")
        return _act(request, subscription)


def _act(request: HttpRequest, subscription: Subscription) -> HttpResponse:
    if undo := request.POST.get("undo", ""):
        try:
            scope = subscriptions.resubscribe(subscription, undo)
        except DomainError as refusal:
            context = _context(subscription) | {"refusal": refusal.text}
            return render_refusal(request, TEMPLATE, context, refusal)
        return _page(request, subscription, resubscribed=_text(subscription, scope))
    scope = _scope_of(request, subscription)
    return _page(
        request,
        subscription,
        unsubscribed=_text(subscription, scope),
        undo=subscriptions.unsubscribe(subscription, scope),
    )


def _scope_of(request: HttpRequest, subscription: Subscription) -> Scope:
    wanted = request.POST.get("scope", "")
    return next((one for one in subscription.scopes if one.value == wanted), subscription.scopes[0])


def _page(request: HttpRequest, subscription: Subscription, **done: Any) -> HttpResponse:
    return render(request, TEMPLATE, _context(subscription) | done)


def _context(subscription: Subscription) -> dict[str, Any]:
    choices = [
        {
            "value": scope.value,
            "text": _text(subscription, scope),
            "is_off": subscription.is_off(scope),
        }
        for scope in subscription.scopes
    ]
    return {
        "is_gone": subscription.user is None,
        "choices": choices,
        "is_all_off": choices[-1]["is_off"],
    }


def _text(subscription: Subscription, scope: Scope) -> str:
    """Return what a scope turns off, after "Turn off"."""
    kind, event = subscription.kind, subscription.event
    if scope is Scope.ALL or kind is None:
        return "all emails that can be turned off"
    if scope is Scope.KIND or event is None:
        return f"“{kind.label}” emails about any event"
    return WHAT[kind.category].format(event=event.name)

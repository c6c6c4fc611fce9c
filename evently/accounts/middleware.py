"""What requests ask about who sent them, as one middleware: each layer of them costs every page."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import middleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.utils.functional import SimpleLazyObject

from evently.accounts.ended_sessions import drop_ended, user_of
from evently.accounts.held_forms import hold_up, take_kept_form, whole_page
from evently.accounts.identity import deferred_identity, streamed
from evently.accounts.risky import take_answer
from evently.accounts.second_factor_required import lead_to_second_factor
from evently.accounts.sessions import note_use
from evently.database.identity import acting_as


class AuthenticationMiddleware(middleware.AuthenticationMiddleware):
    """Sets `request.user`: a visitor, too, where the session is over."""

    def process_request(self, request: HttpRequest) -> None:
        request.user = SimpleLazyObject(lambda: user_of(request))  # type: ignore[assignment]


class SessionMiddleware:
    """Lets each request read and write as the person who sent it, found out once it does.

    It opens the admin to those with the second factor they need, notes that sessions are used, and
    holds up forms of sessions that are over.

    It also takes the answers to `risky.ask_again` and the forms that waited for a login, before the
    view: a form that was held up goes on to its view as it was sent, and the admin looks at a form
    before it calls the action that the form names.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        identity = deferred_identity(request)
        with acting_as(identity):
            response = lead_to_second_factor(request) or self.get_response(request)
            note_use(request)
            drop_ended(request)
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = streamed(identity, response.streaming_content)  # type: ignore[arg-type]
        return whole_page(request, response)

    def process_view(self, request: HttpRequest, *args: Any) -> HttpResponseBase | None:
        """Return what comes before the view: logging in, or the page that asks again."""
        return hold_up(request) or take_kept_form(request) or take_answer(request)

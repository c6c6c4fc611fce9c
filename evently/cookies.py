"""Names of cookies: with https they begin with `__Host-`.

Browsers accept such a name only from this host, over https, for the whole site, so neither another
host of the domain nor a connection without TLS can plant a session, a CSRF token or a message.
"""

from collections.abc import Callable

from django.conf import settings
from django.contrib.messages.storage.base import BaseStorage
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class HostMessages(CookieStorage):
    cookie_name = settings.MESSAGES_COOKIE_NAME


class MessageStorage(FallbackStorage):
    """Django's messages, in a cookie whose name other hosts cannot use."""

    storage_classes: tuple[type[BaseStorage], ...] = (HostMessages, SessionStorage)


class EarlierCookiesMiddleware:
    """Reads the cookies of a release before, so that an upgrade logs no user out.

    Only where the browser has none of the new name. Logging in, or any change of the session, sets
    the new ones.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.names = [
            (name, earlier)
            for name, earlier in (
                (settings.SESSION_COOKIE_NAME, "sessionid"),
                (settings.CSRF_COOKIE_NAME, "csrftoken"),
            )
            if name != earlier
        ]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        for name, earlier in self.names:
            if earlier in request.COOKIES and name not in request.COOKIES:
                request.COOKIES[name] = request.COOKIES[earlier]
        return self.get_response(request)

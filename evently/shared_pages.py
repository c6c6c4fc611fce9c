"""Pages that all visitors see alike, kept by each process for as long as they are true.

A view reads for each request what its page shows: the key, by one prepared statement. A page that
was rendered for the same key is sent again, until the next moment at which it changes by itself. So
it is as fresh as one rendered anew. A page is rendered from the same snapshot as its key.

Only for visitors without a session and without messages, as the pages show both, and the header
shows who is logged in. Such pages have no CSRF token. Middlewares run for each request, and add
what depends on it. A deployment starts new processes, whose templates are others.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import re_accepts_gzip
from django.utils.cache import patch_vary_headers
from django.utils.text import compress_string

from evently.database.snapshot import snapshot

MOST_BYTES = 32 * 1024 * 1024
MESSAGES_COOKIE = "messages"


@dataclass(frozen=True)
class Seen:
    """What a page shows, and when it was read by the database's clock."""

    key: Any
    at: datetime


@dataclass(frozen=True)
class Built:
    """A page. until: when it changes by itself next. state: for the view that keeps it."""

    content: bytes
    until: datetime
    state: str = ""


class SharedPage:
    """A page that is kept, with its compressed form."""

    def __init__(self, seen: Seen, built: Built) -> None:
        self.key, self.since, self.until = seen.key, seen.at, built.until
        self.state = built.state
        self.content = built.content
        # Without random bytes (evently.compression): there is no secret on it.
        self.compressed = compress_string(built.content)
        self.size = len(self.content) + len(self.compressed)

    def shows(self, seen: Seen) -> bool:
        return self.since <= seen.at < self.until and bool(self.key == seen.key)

    def response(self, request: HttpRequest, *, vary_on: tuple[str, ...] = ()) -> HttpResponse:
        """Return the response; vary_on: headers that the view looks at."""
        accepts_gzip = re_accepts_gzip.search(request.META.get("HTTP_ACCEPT_ENCODING", ""))
        response = HttpResponse(self.compressed if accepts_gzip else self.content)
        if accepts_gzip:
            response.headers["Content-Encoding"] = "gzip"
        patch_vary_headers(response, (*vary_on, "Cookie", "Accept-Encoding"))
        return response


class _Kept:
    """The pages of a process, by name; the ones longest unused go first."""

    def __init__(self, most_bytes: int) -> None:
        self._pages: OrderedDict[Hashable, SharedPage] = OrderedDict()
        self._lock = Lock()
        self._most_bytes, self._bytes = most_bytes, 0

    def get(self, name: Hashable) -> SharedPage | None:
        with self._lock:
            page = self._pages.get(name)
            if page is not None:
                self._pages.move_to_end(name)
            return page

    def keep(self, name: Hashable, page: SharedPage) -> None:
        with self._lock:
            self._drop(name)
            self._pages[name] = page
            self._bytes += page.size
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._pages)))

    def clear(self) -> None:
        with self._lock:
            self._pages.clear()
            self._bytes = 0

    def _drop(self, name: Hashable) -> None:
        page = self._pages.pop(name, None)
        if page is not None:
            self._bytes -= page.size


_kept = _Kept(MOST_BYTES)


def forget_pages() -> None:
    """Forget all pages that this process has kept."""
    _kept.clear()


def is_visitor(request: HttpRequest) -> bool:
    """Return whether a request certainly comes without a login, and without messages to show."""
    return request.COOKIES.keys().isdisjoint((settings.SESSION_COOKIE_NAME, MESSAGES_COOKIE))


def visitors_page(
    request: HttpRequest,
    name: Hashable,
    *,
    read: Callable[[], Seen | None],
    build: Callable[[], Built],
) -> SharedPage | None:
    """Return the page that all visitors see, or None where the view must answer by itself.

    name: which page it is. read: reads what it shows, None where there is no such page; build:
    renders it for a visitor. In development nothing is kept, as templates change.
    """
    if settings.DEBUG or not is_visitor(request):
        return None
    seen = read()
    if seen is None:
        return None
    page = _kept.get(name)
    if page is not None and page.shows(seen):
        return page
    with snapshot():
        seen = read()
        if seen is None:
            return None
        page = SharedPage(seen, build())
    _kept.keep(name, page)
    return page

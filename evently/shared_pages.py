"""Pages that all see alike, apart from their top, kept by each process while they are true.

A view reads for each request what its page shows: the key, by one prepared statement. A page that
was rendered for the same key is sent again, until the next moment at which it changes by itself. So
it is as fresh as one rendered anew. What changes with each booking or place on a waitlist stands
apart from the key, so that a page is only filled with other seats then, and not rendered as a
whole. Whatever is read for a page is read from the same snapshot as its key. A page is rendered by
one thread, while others that need it wait for it.

Visitors without a session and without messages get them as they are kept, compressed. For others,
the top is rendered anew (`SentPage.with_top`): the header shows who is logged in, and what stands
below it is for them alone. Nothing else on such pages depends on the user or has a CSRF token, so
they are rendered without the request. Middlewares run for each request, and add what depends on it.
A deployment starts new processes, whose templates are others.
"""

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import re_accepts_gzip
from django.template import Engine
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.functional import cached_property
from django.utils.html import escape
from django.utils.text import compress_string

from evently.database.snapshot import snapshot
from evently.kept import Kept, KeptByKey
from evently.page_parts import Frame, slot
from evently.pages import form_token, site

MOST_BYTES = 32 * 1024 * 1024
# Apart, as there are as many searches as people think of.
MOST_BYTES_OF_LISTS = 8 * 1024 * 1024
# The slot that is another one for each user.
TOP, TOP_TEMPLATE = "top", "components/top.html"
# Each for some pages, by chance. A thread that waited for so long goes ahead all the same.
LOCKS = tuple(Lock() for _ in range(64))
LONGEST_WAIT_SECONDS = 2.0


@dataclass(frozen=True)
class Seen:
    """What a page shows, and when it was read by the database's clock.

    key: what it is rendered from. moving: what it is filled with, which changes often. reads_more:
    whether filling it reads more from the database, as of the same moment.
    """

    key: Any
    at: datetime
    moving: Any = None
    reads_more: bool = False


@dataclass(frozen=True)
class Filled:
    """What is sent. state: for the view that keeps the page."""

    text: str
    state: str = ""


@dataclass(frozen=True)
class Built:
    """A page; no request is kept with it.

    fill: fills it with what was seen. until: when it changes by itself. top:
    renders what visitors see in that slot, if there is one. is_for_users: whether users see the
    same.
    """

    fill: Callable[[Seen], Filled]
    until: datetime
    top: Callable[[], str] = str
    is_for_users: bool = True


class SentPage:
    """A page as it is sent to visitors: plain and compressed."""

    def __init__(self, text: str, top: Callable[[], str]) -> None:
        """text: with the slot of the top, if it has one. top: renders what visitors see there."""
        self._frame = Frame(text)
        self._top = top
        # The text, whose characters may take two bytes, and what is sent.
        self.size = 3 * len(text)

    # Each is kept once a client has asked for it, and most ask for the compressed one only.
    @cached_property
    def content(self) -> bytes:
        return self._as_visitors_see_it()

    @cached_property
    def compressed(self) -> bytes:
        # Without random bytes (evently.compression): there is no secret on it.
        return compress_string(self._as_visitors_see_it())

    def _as_visitors_see_it(self) -> bytes:
        return self.with_top(self._top()).encode()

    def with_top(self, top: str) -> str:
        """Return the page with another top: that of a user (`top_of`)."""
        return self._frame.filled({TOP: top})

    def response(self, request: HttpRequest, *, vary_on: tuple[str, ...] = ()) -> HttpResponse:
        """Return the response; vary_on: headers that the view looks at."""
        accepts_gzip = re_accepts_gzip.search(request.META.get("HTTP_ACCEPT_ENCODING", ""))
        response = HttpResponse(self.compressed if accepts_gzip else self.content)
        if accepts_gzip:
            response.headers["Content-Encoding"] = "gzip"
        patch_vary_headers(response, (*vary_on, "Cookie", "Accept-Encoding"))
        return response


class SharedPage(SentPage):
    """A page that is kept for as long as it is true."""

    def __init__(self, built: Built, seen: Seen, *, since: datetime, asked: float) -> None:
        """since: when what it was rendered from was read. asked: monotonic, before `seen` was."""
        filled = built.fill(seen)
        super().__init__(filled.text, built.top)
        self.state = filled.state
        self.built, self.key, self.since = built, seen.key, since
        self.moving, self.asked = seen.moving, asked

    def can_show(self, seen: Seen) -> bool:
        """Return whether it is right once it is filled with what moves."""
        return self.since <= seen.at < self.built.until and bool(self.key == seen.key)

    def shows(self, seen: Seen) -> bool:
        return self.can_show(seen) and bool(self.moving == seen.moving)

    def can_be_filled_with(self, seen: Seen) -> bool:
        """Return whether it can be filled from memory."""
        return not seen.reads_more and self.can_show(seen)

    def filled_with(self, seen: Seen, *, asked: float) -> "SharedPage":
        return SharedPage(self.built, seen, since=self.since, asked=asked)


_kept: Kept[SharedPage] = Kept(MOST_BYTES)
_tops: KeptByKey[Frame] = KeptByKey(1024 * 1024, size_of=lambda frame: frame.size)
_lists: KeptByKey[SentPage] = KeptByKey(MOST_BYTES_OF_LISTS, size_of=lambda page: page.size)


def is_visitor(request: HttpRequest) -> bool:
    """Return whether a request certainly comes without a login, and without messages to show."""
    return request.COOKIES.keys().isdisjoint(
        (settings.SESSION_COOKIE_NAME, settings.MESSAGES_COOKIE_NAME)
    )


def visitors_page(
    request: HttpRequest,
    name: Hashable,
    *,
    read: Callable[[], Seen | None],
    build: Callable[[], Built],
) -> SharedPage | None:
    """Return the page that all visitors see, or None where the view must answer by itself.

    As `shared_page`, which also users may get.
    """
    return shared_page(name, read=read, build=build) if is_visitor(request) else None


def shared_page(
    name: Hashable, *, read: Callable[[], Seen | None], build: Callable[[], Built]
) -> SharedPage | None:
    """Return a page as visitors see it, or None where the view must answer by itself.

    name: which page it is. read: reads what it shows, None where there is no such page; build:
    renders it for a visitor. In development nothing is kept, as templates change.
    """
    if settings.DEBUG:
        return None
    asked, seen = time.monotonic(), read()
    if seen is None:
        return None
    page = _kept.get(name)
    if page is not None and page.shows(seen):
        return page
    with _in_turn(name) as has_waited:
        page = _kept.get(name)
        # One that was read after this request came is at least as new as what was seen.
        if page is not None and (page.asked > asked or page.shows(seen)):
            return page
        if has_waited:
            # So that one page serves all that wait.
            asked, seen = time.monotonic(), read()
        if page is not None and seen is not None and page.can_be_filled_with(seen):
            page = page.filled_with(seen, asked=asked)
        else:
            page = _made(page, read, build)
        if page is not None:
            _kept.keep(name, page, size=page.size)
    return page


def shared_list(name: Hashable, *, key: Any, render: Callable[[], SentPage]) -> SentPage:
    """Return a list that all see.

    For lists that are looked up for each request, such as searches. name: which list it is. key:
    all that was found, and is shown; nothing on it may change by itself.
    """
    return _lists.get(name, key, render)


def top_of(request: HttpRequest, **context: Any) -> str:
    """Return the top of pages for who sends this request. context: of components/top.html.

    Where there is nothing but the header, only the user's own texts are filled in.
    """
    shown = dict(context)
    for processor in Engine.get_default().template_context_processors:
        shown |= processor(request)
    user, match = shown["user"], request.resolver_match
    has_notices = not user.is_authenticated or not user.is_verified or user.is_leaving
    if has_notices or shown["messages"] or match is None:
        return render_to_string(TOP_TEMPLATE, context, request)
    # It is counted when it is first used.
    unread = int(str(shown["unread_count"]))

    def rendered() -> Frame:
        own = {name: slot(name) for name in ("name", "initial", "email")}
        mine = SimpleNamespace(is_authenticated=True, is_staff=user.is_staff, **own)
        return Frame(
            render_to_string(
                TOP_TEMPLATE,
                {**shown, "user": mine, "unread_count": unread, "csrf_token": slot("csrf_token")},
            )
        )

    # The current page is marked in the header, if it is there.
    name = (match.view_name, user.is_staff, unread, *context.items())
    own = {"name": user.name, "initial": user.initial, "email": user.email}
    texts = {each: escape(text) for each, text in own.items()}
    return _tops.get(name, None, rendered).filled(texts | {"csrf_token": form_token(request)})


def visitors_top(path: str, **context: Any) -> str:
    """Return the top that all visitors see at a path."""
    return render_to_string(TOP_TEMPLATE, {"request": {"path": path}, **site(), **context})


@contextmanager
def _in_turn(name: Hashable) -> Iterator[bool]:
    """Let one thread after the other render a page; yield whether this one has waited."""
    lock = LOCKS[hash(name) % len(LOCKS)]
    at_once = lock.acquire(blocking=False)
    is_held = at_once or lock.acquire(timeout=LONGEST_WAIT_SECONDS)
    try:
        yield not at_once
    finally:
        if is_held:
            lock.release()


def _made(
    kept: SharedPage | None, read: Callable[[], Seen | None], build: Callable[[], Built]
) -> SharedPage | None:
    """Return the page from a snapshot: the one that was kept, if it has only to be filled again."""
    asked = time.monotonic()
    with snapshot():
        seen = read()
        if seen is None:
            return None
        if kept is not None and kept.can_show(seen):
            return kept.filled_with(seen, asked=asked)
        return SharedPage(build(), seen, since=seen.at, asked=asked)

"""Pages of visitors and of people who are logged in, a whole purchase, and lists of the API."""

import re
from collections.abc import Callable
from functools import partial
from html import unescape
from itertools import islice
from urllib.parse import urlencode

from bench.measures.base import BROWSER, Measure, Stage, Work, requests
from bench.people import KINDS, THEMES, Person, book_by_sql
from bench.stage.http_load import Operation, Script, expect, one, request

FIELD = re.compile(rb'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"')


def get(stage: Stage, path: str, *, cookie: str = "") -> bytes:
    """Return a browser's request for a page."""
    headers = {**BROWSER, "Cookie": cookie} if cookie else BROWSER
    return request("GET", path, host=stage.servers.host, headers=headers)


def page(path_of: Callable[[Stage, int], str]) -> Callable[[Stage, int], Work]:
    """Return the work of visitors who open a page. path_of: gets the stage and a number."""

    def prepare(stage: Stage, count: int) -> Work:
        operations = [one(get(stage, path_of(stage, number)), 200) for number in range(count)]
        return requests(stage.servers.port, operations)

    return prepare


def own_page(path_of: Callable[[Stage, int], str]) -> Callable[[Stage, int], Work]:
    """Return the work of people who open a page while they are logged in."""

    def prepare(stage: Stage, count: int) -> Work:
        operations = [
            one(get(stage, path_of(stage, number), cookie=stage.regular(number).cookie), 200)
            for number in range(count)
        ]
        return requests(stage.servers.port, operations)

    return prepare


def search_path(stage: Stage, number: int) -> str:
    words = f"{THEMES[number % len(THEMES)]} {KINDS[number % len(KINDS)]}"
    return f"/?{urlencode({'search': words})}"


def event_path(stage: Stage, number: int) -> str:
    return f"/events/{stage.event(number)}/"


def checkout_path(stage: Stage, number: int) -> str:
    return f"/events/{stage.event(number)}/book/"


def selling_event_page(stage: Stage, count: int) -> Work:
    """Return visits of one event that sells: before every tenth, a seat is booked by plain SQL.

    What is kept of a page must not outlive what it shows. The booking itself is not counted.
    """
    sent = get(stage, f"/events/{stage.hot}/")

    def visit(number: int) -> Script:
        if number % 10 == 0:
            book_by_sql(stage.servers.database, [(stage.hot, stage.person(number).id)])
        yield from expect(sent, 200)

    return requests(stage.servers.port, [partial(visit, number) for number in range(count)])


def api_list(stage: Stage, count: int) -> Work:
    """Return requests for the first page of events, without a token."""
    sent = request("GET", "/api/v1/events/", host=stage.servers.host)
    return requests(stage.servers.port, [one(sent, 200)] * count)


def bare_wsgi(stage: Stage, count: int) -> Work:
    sent = request("GET", "/wsgi", host="bare")
    return requests(stage.servers.bare_port, [one(sent, 200)] * count)


# ── A whole purchase ────────────────────────────────────────────────────────
def purchase(stage: Stage, count: int) -> Work:
    """Return the way of a person who is logged in: find, event, checkout, booked, done.

    Each buys an event of which they have no seats yet.
    """
    numbers = list(islice(stage.purchases, count))
    ways = [divmod(number, len(stage.shoppers)) for number in numbers]
    return requests(
        stage.servers.port,
        [_purchase(stage, turn + who, stage.shopper(who)) for turn, who in ways],
    )


def guest_purchase(stage: Stage, count: int) -> Work:
    """Return the same way for visitors who have no account, each with an address of their own."""
    return requests(stage.servers.port, [_purchase(stage, number, None) for number in range(count)])


def _purchase(stage: Stage, number: int, person: Person | None) -> Operation:
    return partial(_go_through, stage, number, person, stage.chance.getrandbits(64))


def _go_through(stage: Stage, number: int, person: Person | None, guest: int) -> Script:
    cookie = person.cookie if person else ""
    yield from expect(get(stage, search_path(stage, number), cookie=cookie), 200)
    yield from expect(get(stage, event_path(stage, number), cookie=cookie), 200)
    path = checkout_path(stage, number)
    form = yield from expect(get(stage, path, cookie=cookie), 200)
    cookies = [cookie, *(line.partition(";")[0] for line in _cookies(form.headers))]
    fields = {name.decode(): unescape(value.decode()) for name, value in FIELD.findall(form.body)}
    fields["quantity"] = "1"
    if person is None:
        fields |= {"name": "Guest", "email": f"guest{guest}@example.org"}
    headers = {
        **BROWSER,
        "Cookie": "; ".join(filter(None, cookies)),
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": f"http://{stage.servers.host}",
    }
    body = urlencode(fields).encode()
    sent = request("POST", path, host=stage.servers.host, body=body, headers=headers)
    booked = yield from expect(sent, 302)
    cookies += [line.partition(";")[0] for line in _cookies(booked.headers)]
    done = get(stage, booked.headers["location"], cookie="; ".join(filter(None, cookies)))
    yield from expect(done, 200)


def _cookies(headers: dict[str, str]) -> list[str]:
    return headers.get("set-cookie", "").split("\n")


BARE_WSGI = "bare WSGI"
EVENT_PAGE, HOME, SEARCH = "event page", "home", "search"
MY_BOOKINGS, INBOX, CHECKOUT = "my bookings", "inbox", "checkout"
PURCHASE, GUEST_PURCHASE = "purchase in pages, logged in", "purchase in pages, guest"
API_LIST = "API: list of events"

MEASURES = (
    # So many visits that most of them find the page rendered, if it is kept: other measures have
    # sold seats since.
    Measure(EVENT_PAGE, page(event_path), limit=BARE_WSGI, scale=8),
    Measure("event page, seats selling", selling_event_page, limit=BARE_WSGI, scale=2),
    Measure(HOME, page(lambda stage, number: "/"), limit=BARE_WSGI, scale=4),
    Measure(SEARCH, page(search_path), limit=BARE_WSGI),
    Measure(MY_BOOKINGS, own_page(lambda stage, number: "/bookings/"), limit=BARE_WSGI),
    Measure(INBOX, own_page(lambda stage, number: "/notifications/"), limit=BARE_WSGI),
    Measure(CHECKOUT, own_page(checkout_path), limit=BARE_WSGI),
    Measure(PURCHASE, purchase, limit=BARE_WSGI, scale=0.5),
    Measure(GUEST_PURCHASE, guest_purchase, limit=BARE_WSGI, scale=0.5),
    Measure(API_LIST, api_list, limit=BARE_WSGI),
    Measure(BARE_WSGI, bare_wsgi, scale=4),
)

"""Every page and API operation, with the filters of one model after the other removed.

A view that forgets a filter must still give only the rows that its user may see: the policies of
the database keep the others back. As visitor, as an attendee and as an organizer.
"""

import logging
from collections import Counter
from collections.abc import Iterator

import pytest
from django.db.models import Model

from evently.accounts import identity as identities
from evently.database import identity
from tests import unfiltered
from tests.filter_walk import LOOKING, Looker, Request, make_world, undone
from tests.walked_world import World

pytestmark = pytest.mark.django_db(transaction=True)

# How many answers show something, at least: a walk that meets errors alone would prove nothing.
AT_LEAST = {
    ("visitor", "GET"): 100,
    ("visitor", "POST"): 4,
    ("X", "GET"): 200,
    ("X", "POST"): 15,
    ("A", "GET"): 400,
    ("A", "POST"): 80,
}
# Statuses of answers that show nothing, whatever is filtered.
SERVER_ERROR = 500
NOTHING = "nothing"
SENT_AWAY = (301, 302, 403, 405)
# What comes out although no policy of the person's role gives it, and why it may: page, table and
# scope (`tests.role_rights`).
EXCEPTIONS = {
    # An email about an organizer's event, which they may see, shows the message it was made of.
    ("A", "admin/notifications/emaildelivery/<uuid:object_id>/preview/"): {
        "notifications": "events"
    },
}


@pytest.fixture
def world() -> Iterator[World]:
    found = make_world()
    with pytest.MonkeyPatch.context() as patch:
        unfiltered.patch(patch)
        logging.disable(logging.CRITICAL)
        yield found
        logging.disable(logging.NOTSET)


def send(
    looker: Looker, request: Request, dropped: "frozenset[type[Model]] | None"
) -> "tuple[int, set[str], set[type[Model]]]":
    """Send a request while the filters of models are dropped; None: of all.

    Return the status, the tables of hidden rows that came out, and the models that were filtered.
    """
    excepted = EXCEPTIONS.get((looker.who, request.name), {})
    with unfiltered.unfiltered(dropped, looker.person) as state:
        response = looker.send(request)
        leaks = looker.leaks(request, response, excepted)
    return response.status_code, leaks, set(state.met)


def walk(looker: Looker, request: Request) -> Iterator[tuple[str, int, set[str]]]:
    """Yield what was dropped, the status and the leaks, for one model after the other and for all.

    Where the arguments name rows of others, nothing is dropped: without a filter by id they would
    not be looked at. What the admin answers to a POST shows mostly what a GET does.
    """
    status, leaks, met = send(looker, request, frozenset())
    yield NOTHING, status, leaks
    tables = set(looker.secrets(request.holder, {}).values())
    # A link names its row by a signature, which says that it may be seen.
    dropped = {model for model in met if model._meta.db_table in tables - {request.linked}}
    if not request.is_own or not dropped or status in SENT_AWAY:
        return
    if request.method == "GET" or not request.name.startswith("admin/"):
        for model in sorted(dropped, key=str):
            status, leaks, _ = send(looker, request, frozenset({model}))
            yield model.__name__, status, leaks
    if request.linked is None:
        status, leaks, _ = send(looker, request, None)
        yield "all", status, leaks


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("who", LOOKING)
def test_no_row_of_others_comes_out(world, who, method):
    """Nor does a page fail for want of a right, while no filter is dropped."""
    looker, statuses = Looker(world, who), Counter()
    found = []
    for request in looker.requests(method):
        for dropped, status, leaks in walked(looker, request):
            statuses[status] += 1
            if leaks or (status == SERVER_ERROR and dropped == NOTHING):
                found.append((request.method, request.name, status, dropped, sorted(leaks)))

    assert found == []
    assert statuses[200] >= AT_LEAST[who, method], statuses


def walked(looker: Looker, request: Request) -> list[tuple[str, int, set[str]]]:
    """Walk one request; what others than GET write is undone."""
    if request.method == "GET":
        return list(walk(looker, request))
    with undone():
        return list(walk(looker, request))


def test_without_policies_rows_of_others_come_out(world, monkeypatch):
    """Otherwise, this walk would show nothing."""
    monkeypatch.setattr(identities, "VISITOR", identity.WORKER)
    monkeypatch.setattr(identities, "attendee", lambda user_id: identity.WORKER)
    monkeypatch.setattr(identities, "identity_of", lambda user: identity.WORKER)
    looker, pages_with, tables = Looker(world, "X"), set(), set()
    for request in looker.requests("GET"):
        if request.is_own and not request.name.startswith("admin/"):
            _, leaks, _ = send(looker, request, None)
            pages_with |= {request.name} if leaks else set()
            tables |= leaks

    assert {"bookings/", "waitlists/", "notifications/", "account/export/"} <= pages_with
    assert {"api/v1/bookings/", "api/v1/waitlists/", "api/v1/notifications/"} <= pages_with
    assert {"bookings", "waitlists", "notifications", "events", "tickets"} <= tables

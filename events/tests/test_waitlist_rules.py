"""The organizer's rules of a waitlist, in the API, as everyone reads them."""

import pytest

from evently.accounts.factories import OrganizerFactory
from evently.api.tests.client import api, assert_problem
from events.factories import EventFactory
from events.models import Event

pytestmark = pytest.mark.django_db

ANY_VERSION = {"If-Match": "*"}
RULES = ("max_passes", "max_per_place", "waitlist_until_start")


def rules_of(body):
    return tuple(body[name] for name in RULES)


def test_rules_are_public_and_have_defaults(client):
    event = EventFactory()

    assert rules_of(client.get(f"/api/v1/events/{event.pk}/").json()) == (3, None, False)


def test_organizer_changes_the_rules(client):
    event = EventFactory(created_by=OrganizerFactory())
    url = f"/api/v1/events/{event.pk}/"

    for values in ((0, 2, True), (None, None, False), (3, 10, True)):
        response = api(event.created_by).patch(
            url, dict(zip(RULES, values, strict=True)), headers=ANY_VERSION
        )

        assert response.status_code == 200, response.json()
        assert rules_of(client.get(url).json()) == values


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_passes", 1),
        ("max_passes", -1),
        ("max_passes", "strict"),
        ("max_per_place", 0),
        ("max_per_place", 11),
        ("waitlist_until_start", "perhaps"),
    ],
)
def test_invalid_rules_are_refused_by_name(name, value):
    event = EventFactory(created_by=OrganizerFactory())

    response = api(event.created_by).patch(
        f"/api/v1/events/{event.pk}/", {name: value}, headers=ANY_VERSION
    )

    assert list(assert_problem(response, 422, "invalid")["errors"]) == [name]
    assert rules_of(vars(Event.objects.get())) == (3, None, False)

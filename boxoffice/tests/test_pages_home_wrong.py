"""Filters that contradict themselves: said so, instead of finding nothing."""

import pytest
from django.urls import reverse

from events.factories import EventFactory

pytestmark = pytest.mark.django_db

BACKWARDS = {"date_from": "2030-02-02", "date_to": "2030-02-01"}
WRONG = "This day lies before the first one."


def test_find_says_which_filter_is_wrong(client):
    EventFactory()

    response = client.get(reverse("home"), BACKWARDS)

    page = response.content.decode()
    assert response.status_code == 422
    # Beside the field, and where the results would be.
    assert page.count(WRONG) == 2
    assert "Nothing fits that" not in page


def test_find_says_so_while_filters_are_being_chosen(client):
    response = client.get(reverse("home"), BACKWARDS, headers={"HX-Request": "true"})

    assert WRONG in response.content.decode()

"""The home page with contradictory filters: an error instead of empty results."""

import pytest
from django.urls import reverse

from events.factories import EventFactory

pytestmark = pytest.mark.django_db

REVERSED = {"date_from": "2030-02-02", "date_to": "2030-02-01"}
ERROR = "This must not be before the “From” date."


def test_home_shows_the_error_instead_of_results(client):
    EventFactory()

    response = client.get(reverse("home"), REVERSED)

    page = response.content.decode()
    assert response.status_code == 422
    # Beside the field, and in place of the results.
    assert page.count(ERROR) == 2
    assert "No events found" not in page


def test_home_shows_the_error_to_htmx_as_well(client):
    response = client.get(reverse("home"), REVERSED, headers={"HX-Request": "true"})

    assert ERROR in response.content.decode()

"""The export of a person's data has a section from every app."""

import pytest

from bookings.factories import BookingFactory
from evently.api.tests.client import api

pytestmark = pytest.mark.django_db


def test_export_has_all_sections_and_only_own_rows():
    booking = BookingFactory(event__priced=20)
    BookingFactory()

    response = api(booking.user).get("/api/v1/me/export/")

    export = response.json()
    assert export["person"]["email"] == booking.user.email
    assert [one["id"] for one in export["bookings"]] == [str(booking.pk)]
    assert export["bookings"][0]["total_amount"] == "20.00"
    assert {
        "api_tokens",
        "booking_attempts",
        "bookings",
        "notifications",
        "promotions",
        "waitlist_entries",
    } <= export.keys()
    assert "digest" not in export["api_tokens"][0]
    assert "attachment" in response.headers["Content-Disposition"]

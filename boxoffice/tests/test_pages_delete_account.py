"""The page on which users delete their account."""

import pytest
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import Booking
from evently.accounts.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def test_deleting_the_account_takes_a_typed_word(client, user):
    booking = BookingFactory(user=user)
    url = reverse("delete_account")
    assert client.get(url).status_code == 200
    assert client.post(url, {"word": "yes"}).status_code == 422
    assert User.objects.get(pk=user.pk).is_active

    assert client.post(url, {"word": "delete"}).status_code == 200

    gone = User.objects.with_keys().get(pk=user.pk)
    assert (gone.is_active, gone.email) == (False, "")
    assert Booking.objects.get(pk=booking.pk).is_cancelled
    assert client.get(reverse("account")).status_code == 302

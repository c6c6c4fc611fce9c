"""The pages of an offer: claiming, declining, and the emailed link."""

from datetime import timedelta

import pytest
from django.urls import reverse

from bookings.models import Booking
from evently.accounts.factories import UserFactory
from evently.links import sign_link
from waitlists.models import Promotion, PromotionStatus
from waitlists.tests.helpers import join, offer_to

pytestmark = pytest.mark.django_db(transaction=True)


def test_offer_is_claimed_once(client, user):
    offer = offer_to(user, priced=20)
    page = client.get(reverse("promotion", args=[offer.pk]))
    assert "2 seats are held for you" in page.content.decode()
    data = {"idempotency_key": page.context["idempotency_key"]}

    first = client.post(reverse("accept_promotion", args=[offer.pk]), data)
    second = client.post(reverse("accept_promotion", args=[offer.pk]), data)

    booking = Booking.objects.get(user_id=user.pk)
    assert first.url == second.url == reverse("booking_done", args=[booking.pk])
    another = client.post(reverse("accept_promotion", args=[offer.pk]), {"idempotency_key": "x"})
    assert another.status_code == 409
    assert "You claimed these seats" in another.content.decode()


def test_claiming_while_logged_out_leads_back_to_the_offer(client):
    user = UserFactory()
    offer = offer_to(user)
    url = reverse("accept_promotion", args=[offer.pk])
    assert client.post(url).url == f"{reverse('log_in')}?next={url}"
    client.force_login(user)
    assert client.get(url).url == reverse("promotion", args=[offer.pk])
    offer.refresh_from_db()
    assert offer.is_pending


def test_expired_offer_is_refused_and_links_to_joining(client, user, clock):
    offer = offer_to(user)
    clock.move(timedelta(days=5))
    response = client.post(reverse("accept_promotion", args=[offer.pk]))
    page = response.content.decode()
    assert response.status_code == 409
    assert "This offer has expired" in page
    assert reverse("join_waitlist", args=[offer.event_id]) in page


def test_offer_declined_goes_to_the_next(client, user):
    offer = offer_to(user, seats=1)
    other = join(offer.event)
    assert client.post(reverse("decline_promotion", args=[offer.pk])).status_code == 302
    assert Promotion.objects.get(waitlist_id=other.pk).is_pending
    assert (
        "You declined this offer"
        in client.get(reverse("promotion", args=[offer.pk])).content.decode()
    )


def test_emailed_link_shows_an_offer_and_its_button_claims(client):
    offer = offer_to(UserFactory())
    token = sign_link(purpose="promotion", row_id=offer.pk, event_id=offer.event_id)
    page = client.get(f"/p/{token}/")
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in page.headers["Cache-Control"]
    offer.refresh_from_db()
    assert offer.is_pending, "opening a link must not claim"

    claimed = client.post(f"/p/{token}/accept/", {"idempotency_key": "k"})

    assert claimed.url.startswith("/b/")
    assert "You are going" in client.get(claimed.url).content.decode()
    offer.refresh_from_db()
    assert offer.status == PromotionStatus.USED
    assert client.get(reverse("my_bookings")).status_code == 302, "a link must not log in"


def test_entries_and_offers_of_other_users_are_not_found(client, user):
    offer = offer_to(UserFactory())
    for name in ("waitlist_entry", "leave_waitlist"):
        assert client.get(reverse(name, args=[offer.waitlist_id])).status_code == 404
    assert client.post(reverse("leave_waitlist", args=[offer.waitlist_id])).status_code == 404
    assert client.get(reverse("promotion", args=[offer.pk])).status_code == 404
    for name in ("accept_promotion", "decline_promotion"):
        assert client.post(reverse(name, args=[offer.pk])).status_code == 404
        assert client.get(reverse(name, args=[offer.pk])).status_code == 404
    offer.refresh_from_db()
    assert offer.is_pending

"""The pages of an offer: claiming, declining, and the emailed link."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import Booking
from evently.accounts.factories import UserFactory
from evently.accounts.operations import change_profile
from evently.formatting import moment
from evently.links import sign_link
from events.factories import EventFactory
from waitlists import operations
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry
from waitlists.tests.helpers import cancel, join, offer_to

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("told")]


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
    page = client.get(claimed.url).content.decode()
    assert "You are going" in page
    # Confirmations with tickets cannot be turned off.
    assert "turned" not in page
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


# ── A part of an offer, and offers smaller than asked for ───────────────────
def text_of(response):
    """Return the words of a page, without its tags."""
    words = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(words.replace("&#x27;", "'").split())


def small_offer_to(user, *, asked=4, offered=2, **columns):
    """Offer a user fewer seats than they asked for."""
    event = EventFactory(total_capacity=asked, **columns)
    booking = BookingFactory(event=event, quantity=offered)
    BookingFactory(event=event, quantity=asked - offered)
    event.refresh_from_db()
    join(event, user, quantity=asked, min_quantity=1)
    cancel(booking)
    return Promotion.objects.select_related("event", "waitlist").get(user_id=user.pk)


def test_choices_of_an_offer_show_their_totals(client, user):
    offer = offer_to(user, seats=3, priced=20)

    page = text_of(client.get(reverse("promotion", args=[offer.pk])))

    assert "All 3 seats €60.00" in page
    assert "2 seats The other seat goes to the next person at once" in page
    assert "1 seat The other 2 seats go to the next person at once" in page
    assert page.count("€20.00") == 2, "one seat, and the most to pay for each"


def test_part_of_an_offer_is_claimed_and_the_rest_goes_on(client, user):
    offer = offer_to(user, seats=3)
    other = join(offer.event)
    data = {"idempotency_key": "k", "quantity": "2"}

    first = client.post(reverse("accept_promotion", args=[offer.pk]), data)
    again = client.post(reverse("accept_promotion", args=[offer.pk]), data)

    booking = Booking.objects.get(user_id=user.pk)
    assert (first.url, again.url) == (reverse("booking_done", args=[booking.pk]),) * 2
    assert booking.quantity == 2
    assert Promotion.objects.get(waitlist_id=other.pk).quantity == 1
    page = text_of(client.get(reverse("promotion", args=[offer.pk])))
    assert "You claimed 2 of 3 seats You have left the waitlist." in page
    changed = client.post(reverse("accept_promotion", args=[offer.pk]), data | {"quantity": "1"})
    assert changed.status_code == 422, "another number of seats is another request"


@pytest.mark.parametrize("quantity", ["0", "4", "-1", "two", "99999999999"])
def test_number_of_seats_that_is_not_offered_is_refused(client, user, quantity):
    offer = offer_to(user, seats=3)

    refused = client.post(reverse("accept_promotion", args=[offer.pk]), {"quantity": quantity})

    assert refused.status_code == 422
    assert "3 seats are held for you" in refused.content.decode()
    assert not Booking.objects.filter(user_id=user.pk).exists()


@pytest.mark.parametrize("by_link", [False, True])
def test_all_of_a_smaller_offer_keeps_the_place_and_one_click_leaves_it(client, user, by_link):
    offer = small_offer_to(user)
    token = sign_link(purpose="promotion", row_id=offer.pk, event_id=offer.event_id)
    url = f"/p/{token}/" if by_link else reverse("promotion", args=[offer.pk])
    if by_link:
        client.logout()
    page = text_of(client.get(url))
    assert "You asked for 4 seats. Claim these 2 and keep your place for the other 2" in page

    claimed = client.post(f"{url}accept/", {"idempotency_key": "k", "quantity": "2"})

    assert claimed.url == url
    response = client.get(url)
    assert "You keep your place on the waitlist for the other 2, at position 1." in text_of(
        response
    )
    client.post(response.context["urls"].leave)
    entry = WaitlistEntry.objects.get(pk=offer.waitlist_id)
    assert entry.status == EntryStatus.LEFT
    assert "Show my tickets" in text_of(client.get(url)), "the claimed seats stay"


def test_declining_a_smaller_offer_keeps_the_place_and_says_so(client, user):
    offer = small_offer_to(user)

    page = text_of(client.post(reverse("decline_promotion", args=[offer.pk]), follow=True))

    assert (
        "You have declined the offer. You keep your place on the waitlist, at position 1." in page
    )
    assert "From now on, you need at least 3 seats." in page
    assert "left the waitlist" not in page
    assert reverse("join_waitlist", args=[offer.event_id]) not in page


def test_declining_a_full_offer_leaves_and_says_so(client, user):
    offer = offer_to(user)

    page = text_of(client.post(reverse("decline_promotion", args=[offer.pk]), follow=True))

    assert "You have declined the offer. You have left the waitlist." in page
    assert "keep your place" not in page


# ── Names on claimed tickets ────────────────────────────────────────────────
def test_claimed_tickets_bear_the_name_of_the_owner_for_good(client):
    user = UserFactory(name="Ada Lovelace")
    offer = offer_to(user)
    token = sign_link(purpose="promotion", row_id=offer.pk, event_id=offer.event_id)
    stranger_opens = client.post(f"/p/{token}/accept/", {"quantity": "2"}).url

    user.refresh_from_db()
    change_profile(user_id=user.pk, name="Somebody Else")

    tickets = stranger_opens.replace("done/", "")
    assert text_of(client.get(tickets)).count("Name Ada Lovelace") == 2, "for those with the link"
    client.force_login(user)
    booking = Booking.objects.get(user_id=user.pk)
    page = text_of(client.get(reverse("booking_detail", args=[booking.pk])))
    assert (page.count("Name Ada Lovelace"), "Name Somebody Else" in page) == (2, False)


# ── Offers that run out ─────────────────────────────────────────────────────
def run_out(user, clock, *, times=1):
    """Offer a user seats that they do not claim, so many times; return the last offer."""
    event, at = EventFactory(total_capacity=2), timedelta(0)
    for _ in range(times):
        booking = BookingFactory(event=event, quantity=2)
        join(event, user, quantity=2)
        cancel(booking)
        offer = Promotion.objects.filter(user_id=user.pk).latest("promoted_at")
        at += offer.expires_at - offer.promoted_at + timedelta(minutes=1)
        clock.move(at)
        operations.expire_promotions(event_id=event.pk)
    # Sold out again, so that its waitlist could be joined.
    BookingFactory(event=event, quantity=2)
    offer.refresh_from_db()
    return offer


def pages_of(client, offer):
    """Return the words of an ended offer's page and of its entry's."""
    urls = (
        reverse("promotion", args=[offer.pk]),
        reverse("waitlist_entry", args=[offer.waitlist_id]),
    )
    return [text_of(client.get(url)) for url in urls]


def test_offer_that_ran_out_says_what_that_means(client, user, clock):
    offer = run_out(user, clock)

    for page in pages_of(client, offer):
        assert (
            "If you join again, your place ranks behind those of people who let fewer offers run "
            "out, and your next offer lasts a quarter as long." in page
        )
        assert "Join again" in page


def test_second_offer_that_ran_out_says_that_the_next_are_short(client, user, clock):
    offer = run_out(user, clock, times=2)

    for page in pages_of(client, offer):
        assert "2 offers to you have run out" in page
        assert "offers to you last 15 minutes at most" in page


def test_after_three_offers_that_ran_out_no_page_offers_to_join_again(client, user, clock):
    offer = run_out(user, clock, times=3)

    for page in pages_of(client, offer):
        assert "3 offers to you have run out, so you cannot join this waitlist again" in page
        assert "Join again" not in page


def test_offer_declined_late_counts_and_says_so(client, user, clock):
    offer = offer_to(user)
    clock.move((offer.expires_at - offer.promoted_at) / 2 + timedelta(minutes=1))
    open_page = text_of(client.get(reverse("promotion", args=[offer.pk])))
    assert "declining now counts like letting the offer run out" in open_page

    client.post(reverse("decline_promotion", args=[offer.pk]))

    offer.waitlist.refresh_from_db()
    offer.refresh_from_db()
    assert (offer.waitlist.lapses, offer.has_lapsed) == (1, True)
    page = text_of(client.get(reverse("promotion", args=[offer.pk])))
    assert "this counts as an offer that ran out" in page


def test_offer_declined_early_does_not_count(client, user, clock):
    offer = offer_to(user)
    page = text_of(client.get(reverse("promotion", args=[offer.pk])))
    until = moment(offer.half_over_at, offer.event.zone)
    assert f"If you cannot come, please decline by {until}." in page

    client.post(reverse("decline_promotion", args=[offer.pk]))

    offer.waitlist.refresh_from_db()
    offer.refresh_from_db()
    assert (offer.waitlist.lapses, offer.has_lapsed) == (0, False)
    assert "ran out" not in text_of(client.get(reverse("promotion", args=[offer.pk])))


def zone_where_it_is_one_at_night():
    """Return a time zone in which it is now between 1:00 and 2:00."""
    east = (1 - datetime.now(UTC).hour) % 24
    return f"Etc/GMT{-east if east <= 12 else 24 - east:+d}"


def test_offer_that_ran_out_at_night_does_not_count_and_says_so(client, user, clock):
    offer = offer_to(
        user,
        timezone=zone_where_it_is_one_at_night(),
        event_date=datetime.now(UTC) + timedelta(hours=9),
        promotion_window_minutes=15,
    )
    assert offer.is_at_night
    page = text_of(client.get(reverse("promotion", args=[offer.pk])))
    assert "All of this time is night, so it does not count against you" in page
    clock.move(timedelta(minutes=16))
    operations.expire_promotions(event_id=offer.event_id)

    page = text_of(client.get(reverse("promotion", args=[offer.pk])))

    assert "It was night, so this does not count against you." in page
    offer.waitlist.refresh_from_db()
    offer.refresh_from_db()
    assert (offer.waitlist.lapses, offer.has_lapsed) == (0, False)

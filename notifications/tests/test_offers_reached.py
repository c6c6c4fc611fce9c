"""Offers whose email is late, waits, or comes back: told another way, and their end moves once."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.urls import reverse

from bookings import operations as bookings
from bookings.operations import Canceller
from evently.errors import DomainError
from evently.formatting import moment
from evently.origin import Origin
from evently.tests.database import as_owner
from notifications.factories import NotificationFactory
from notifications.models import Notification
from notifications.returns.applying import apply_all
from notifications.returns.recording import record
from notifications.tests.delivering import deliver, deliver_due, delivery_of
from notifications.tests.returning import HARD, SOFT, report, returns
from waitlists import operations
from waitlists.admin.offers import offers_context
from waitlists.models import WaitlistEntry
from waitlists.receipt import receipt_of
from waitlists.tests.recorded import check_record
from waitlists.tests.waiting import full_event, join, latest_offer

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
# Not at night, which does not count.
NOON = (datetime.now(UTC) + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
def offer(clock):
    """An offer made at noon, for an hour."""
    clock.stop(NOON)
    event, (booked,) = full_event(1, promotion_window_minutes=60, timezone="UTC")
    entry = join(event)
    bookings.cancel_booking(event_id=event.pk, booking_id=booked.pk, by=Canceller.ORGANIZER)
    return latest_offer(entry)


def email_about(offer):
    return Notification.objects.get(type="waitlist_promotion", user_id=offer.user_id)


def expire(offer):
    operations.expire_promotions(event_id=offer.event_id)
    offer.refresh_from_db()


def told_in_app(offer):
    """Return what the inbox has first, if that is about a moved or lost offer."""
    newest = Notification.objects.filter(user_id=offer.user_id).newest_first().first()
    return newest.message if newest.type == "offer_moved" else ""


def steps_of(offer):
    entry = WaitlistEntry.objects.select_related("event").get(pk=offer.waitlist_id)
    return {step["title"]: step.get("text", "") for step in receipt_of(entry, at=NOON).steps}


def test_email_in_time_leaves_the_end(offer, clock, server):
    clock.stop(NOON + 2 * MINUTE)
    deliver(email_about(offer))
    clock.stop(NOON + HOUR)
    expire(offer)
    assert (offer.status, offer.first_expires_at) == ("expired", None)
    assert WaitlistEntry.objects.get(pk=offer.waitlist_id).lapses == 1


def test_time_begins_as_a_late_email_is_handed_over(offer, clock, server, client):
    """The mail server was away: the email, the pages, the API and the record have the new end."""
    server.down()
    deliver(email_about(offer))
    server.up()
    clock.stop(NOON + 40 * MINUTE)
    deliver_due()

    offer.refresh_from_db()
    end = NOON + 40 * MINUTE + HOUR
    assert (offer.expires_at, offer.first_expires_at) == (end, NOON + HOUR)
    assert offer.moved_reason == "late"
    until = moment(end, offer.event.zone)
    (email,) = [each for each in server.emails if "Held for you" in each["Subject"]]
    assert until in " ".join(email.get_body(("plain",)).get_content().split())
    assert until in told_in_app(offer)
    client.force_login(offer.user)
    page = client.get(reverse("promotion", args=[offer.pk])).content.decode()
    assert end.isoformat()[:16] in page
    assert "handed over late" in steps_of(offer)["You have longer to claim"]

    clock.stop(NOON + 90 * MINUTE)
    expire(offer)
    assert offer.is_pending
    operations.accept_promotion(event_id=offer.event_id, promotion_id=offer.pk, origin=Origin())
    assert {"extended", "used"} <= set(check_record(offer.event_id))


def test_email_that_waits_at_the_end_gives_twice_the_time_and_then_it_passes_on(offer, clock):
    """The mail server hangs, and nothing of the offer reaches the person."""
    other = join(offer.event)
    clock.stop(NOON + HOUR + MINUTE)
    expire(offer)
    assert offer.is_pending
    assert timedelta(0) <= NOON + 2 * HOUR - offer.expires_at <= timedelta(seconds=1)
    assert "has not gone out yet" in told_in_app(offer)

    clock.stop(NOON + 2 * HOUR)
    expire(offer)
    assert (offer.status, offer.is_unreached, offer.has_lapsed) == ("expired", True, False)
    assert WaitlistEntry.objects.get(pk=offer.waitlist_id).lapses == 0
    assert latest_offer(other).is_pending
    assert "does not count" in steps_of(offer)["The offer ended without having reached you"]
    ended = Notification.objects.get(type="promotion_ended").message
    assert "does not count against you" in ended
    assert "lapsed" in check_record(offer.event_id)


def test_email_that_comes_back_is_told_in_the_app_and_the_time_begins_then(offer, clock, server):
    deliver(email_about(offer))
    clock.stop(NOON + 20 * MINUTE)
    assert returns(email_about(offer), HARD).status == "bounced"

    offer.refresh_from_db()
    assert (offer.expires_at, offer.moved_reason) == (NOON + 80 * MINUTE, "lost")
    assert "did not reach you" in told_in_app(offer)
    assert moment(offer.expires_at, offer.event.zone) in told_in_app(offer)
    steps = steps_of(offer)
    assert "told of the offer in the app" in steps["The email about the offer did not reach you"]
    assert moment(NOON + HOUR, offer.event.zone) in steps["You have longer to claim"]

    shown = offers_context(offer.event)["offers"][0]["until"]
    assert "The email did not arrive. It was until" in shown

    # Once, whatever comes later.
    clock.stop(NOON + 50 * MINUTE)
    returns(email_about(offer), SOFT, number=2)
    offer.refresh_from_db()
    assert offer.expires_at == NOON + 80 * MINUTE
    assert Notification.objects.filter(type="offer_moved").count() == 1
    clock.stop(NOON + 81 * MINUTE)
    expire(offer)
    assert (offer.status, offer.is_unreached) == ("expired", True)


def test_email_refused_at_once_is_told_in_the_app_and_moves_nothing(offer, server):
    server.recipient_answer = "550 5.1.1 no such user"
    deliver(email_about(offer))
    offer.refresh_from_db()
    assert delivery_of(email_about(offer)).status == "failed"
    assert (offer.message_lost_at, offer.first_expires_at) == (NOON, None)
    assert "did not reach you" in told_in_app(offer)


def test_who_has_read_it_in_the_app_gets_no_longer(offer, clock, server):
    Notification.objects.filter(pk=email_about(offer).pk).update(read=True)
    deliver(email_about(offer))
    clock.stop(NOON + 20 * MINUTE)
    returns(email_about(offer), HARD)
    clock.stop(NOON + HOUR)
    expire(offer)
    assert (offer.status, offer.first_expires_at, offer.is_unreached) == ("expired", None, False)


def test_a_soft_bounce_that_anyone_could_write_excuses_nothing(offer, clock, server):
    deliver(email_about(offer))
    clock.stop(NOON + 20 * MINUTE)
    returns(email_about(offer), SOFT)
    clock.stop(NOON + 81 * MINUTE)
    expire(offer)
    assert (offer.moved_reason, offer.is_unreached) == ("lost", False)
    assert WaitlistEntry.objects.get(pk=offer.waitlist_id).lapses == 1


def test_known_address_that_takes_no_emails_gets_the_usual_time(offer, clock, server):
    """Its owner has been told before, and has the app."""
    another = NotificationFactory(user=offer.user)
    deliver(another)
    returns(another, HARD)
    deliver(email_about(offer))
    assert delivery_of(email_about(offer)).error_message == "suppressed hard_bounce"
    clock.stop(NOON + HOUR)
    expire(offer)
    assert (offer.status, offer.first_expires_at, offer.is_unreached) == ("expired", None, False)


def test_end_that_could_not_be_moved_is_moved_before_the_offer_would_end(offer, clock, server):
    """The event is locked as a late email goes out: what the email promises is kept."""
    clock.stop(NOON + 40 * MINUTE)
    with as_owner() as other:
        other.execute("SELECT FROM events WHERE id = %s FOR UPDATE", [offer.event_id])
        deliver(email_about(offer))
    offer.refresh_from_db()
    assert (delivery_of(email_about(offer)).status, offer.first_expires_at) == ("sent", None)

    clock.stop(NOON + HOUR + MINUTE)
    expire(offer)
    assert (offer.is_pending, offer.expires_at) == (True, NOON + 100 * MINUTE)


@pytest.mark.race
@pytest.mark.parametrize("rival", ["accept", "expire", "report"])
def test_report_comes_while(offer, clock, server, rival):
    """…the person accepts, the offer ends, or another one comes: one wins, nothing is half done."""
    deliver(email_about(offer))
    clock.stop(NOON + (59 if rival == "accept" else 61) * MINUTE)
    record([report(email_about(offer), HARD), report(email_about(offer), HARD, number=2)])
    rivals = {
        "accept": lambda: operations.accept_promotion(
            event_id=offer.event_id, promotion_id=offer.pk, origin=Origin()
        ),
        "expire": lambda: operations.expire_promotions(event_id=offer.event_id),
        "report": apply_all,
    }
    barrier = Barrier(2)

    def run(work):
        barrier.wait()
        try:
            work()
        except DomainError:
            pass
        finally:
            connection.close()

    threads = [Thread(target=run, args=(work,)) for work in (apply_all, rivals[rival])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    apply_all()

    offer.refresh_from_db()
    assert offer.status in {"accept": {"used"}, "expire": {"expired", "pending"}}.get(
        rival, {"pending"}
    )
    assert offer.expires_at <= NOON + 2 * HOUR
    told = Notification.objects.filter(type="offer_moved").count()
    assert told == (offer.message_lost_at is not None)
    assert check_record(offer.event_id).count("extended") == (offer.first_expires_at is not None)

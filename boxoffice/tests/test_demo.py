"""The demo: every state, through real operations, once, in development only."""

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from bookings.attendance_queries import attendance_figures
from bookings.models import Booking, BookingAttempt
from evently.accounts.models import User
from evently.audit.models import AuditLog
from events.models import Event, PriceChange
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _development(settings):
    settings.DEBUG = True


def snapshot():
    """Return what a second run could change."""
    return [
        sorted(map(str, model.objects.values_list()))
        for model in (User, Event, Booking, BookingAttempt, WaitlistEntry, Promotion, PriceChange)
    ] + [AuditLog.objects.count()]


@pytest.mark.usefixtures("_development")
def test_demo_loads_every_state_and_changes_nothing_the_second_time(capsys):
    call_command("load_demo")
    before = snapshot()
    call_command("load_demo")

    assert snapshot() == before
    assert "exist already" in capsys.readouterr().out
    _check_people()
    _check_states()
    _check_ledger()


def _check_people():
    organizer = User.objects.with_keys().with_address("organizer@evently.example").get()
    attendee = User.objects.with_keys().with_address("attendee@evently.example").get()
    assert organizer.check_password("evently-demo")
    assert organizer.is_organizer
    assert organizer.is_superuser
    assert attendee.check_password("evently-demo")
    assert not attendee.is_staff
    assert Event.objects.exclude(created_by=organizer).count() == 0
    assert set(attendee.bookings.values_list("status", flat=True)) == {"confirmed", "cancelled"}
    assert set(attendee.waitlist_entries.values_list("status", flat=True)) == {
        "waiting",
        "promoted",
    }


def _check_states():
    quartet = Event.objects.get(source_key="demo:quartet")
    assert quartet.available_seats == 0
    assert quartet.promotions.filter(status=PromotionStatus.PENDING).count() == 1
    assert quartet.waitlist_entries.filter(status=EntryStatus.WAITING).count() == 5
    assert quartet.attempts.filter(failure_reason="sold_out").count() == 6
    paper = Event.objects.get(source_key="demo:paper")
    moves = list(paper.price_changes.order_by("applied_at"))
    assert [str(move.new_price) for move in moves] == ["49.00", "55.00", "52.00", "57.00"]
    assert all(move.reason.endswith("days left") for move in moves)
    assert (
        moves[0].applied_at < moves[1].applied_at < paper.bookings.latest("created_at").created_at
    )
    sparrows = attendance_figures(Event.objects.get(source_key="demo:sparrows"))
    assert sparrows is not None
    assert min(sparrows.coming, sparrows.given_back, sparrows.unanswered) > 0
    observatory = Event.objects.get(source_key="demo:observatory")
    assert observatory.draws.get().status == "open"
    assert observatory.waitlist_entries.filter(status=EntryStatus.WAITING).count() == 12
    assert Event.objects.get(source_key="demo:cinema").status == "cancelled"
    past = Event.objects.get(source_key="demo:letterpress")
    assert past.status == "completed"
    assert past.bookings.latest("created_at").created_at < past.event_date < past.ends_at
    assert not Event.objects.get(source_key="demo:savanna").is_published
    harbour = Event.objects.get(source_key="demo:harbour")
    assert not harbour.is_on_sale(at=harbour.published_at)


def _check_ledger():
    for event in Event.objects.all():
        booked = event.bookings.holding_seats().aggregate(n=Sum("quantity"))["n"] or 0
        held = event.promotions.filter(status="pending").aggregate(n=Sum("quantity"))["n"] or 0
        assert event.total_capacity == event.available_seats + booked + held


def test_demo_is_refused_outside_development(settings):
    settings.DEBUG = False

    with pytest.raises(CommandError, match="for development"):
        call_command("load_demo")

    assert not User.objects.exists()

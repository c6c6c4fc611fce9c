"""The page that an event opens with in the admin, and the to-do list of the dashboard."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bookings.factories import BookingFactory
from bookings.models import AttendanceCheck
from bookings.operations import Canceller, answer_attendance, cancel_booking
from boxoffice.backoffice.analytics import dashboard_figures
from boxoffice.backoffice.todos import todos
from boxoffice.lifecycle.operations import cancel_event, continue_cancellation
from boxoffice.tests.organizing import EVENTS, form_of, tab
from evently.accounts.factories import SuperuserFactory
from events.admin import cells
from events.factories import EventFactory
from events.models import Event
from notifications.event_email_models import EventEmail
from notifications.factories import NotificationFactory
from notifications.models import DeliveryStatus, EmailDelivery, EmailTemplate, TemplateType
from waitlists.factories import WaitlistEntryFactory

pytestmark = pytest.mark.django_db


def failed_email(event, status=DeliveryStatus.FAILED):
    notification = NotificationFactory(event_id=event.pk)
    return EmailDelivery.objects.create(
        notification_id=notification.pk,
        user=notification.user,
        template_type=TemplateType.NOTIFICATION,
        status=status,
        metadata={"eventId": str(event.pk)},
    )


def _listed(admin):
    return admin.get(f"{EVENTS}?show=all").context["cl"].result_list


def step(admin, event):
    return admin.get(tab(event, "overview")).context["step"]


def test_rows_of_the_event_list_open_the_overview(admin, organizer):
    event = EventFactory(created_by=organizer)

    assert f'href="{tab(event, "overview")}' in admin.get(EVENTS).content.decode()


def test_a_draft_offers_publishing_and_has_no_link_to_share(admin, organizer):
    event = EventFactory(created_by=organizer, published_at=None)

    page = admin.get(tab(event, "overview"))

    assert page.context["step"].url == f"{EVENTS}{event.pk}/publish/"
    assert page.context["share_url"] == ""
    assert "draft" in page.context["state"]


def test_a_published_event_shows_the_link_to_share(admin, organizer):
    event = EventFactory(created_by=organizer)

    page = admin.get(tab(event, "overview"))

    assert page.context["share_url"].endswith(f"/events/{event.pk}/")
    assert page.context["share_url"] in page.content.decode()


def test_list_and_overview_name_the_state_that_visitors_see(admin, organizer):
    today = timezone.now()
    made = {"created_by": organizer, "created_at": today - timedelta(60)}
    full = EventFactory(total_capacity=1, **made)
    BookingFactory(event=full)
    states = {
        EventFactory(published_at=None, **made): "draft",
        EventFactory(sales_start_at=today + timedelta(days=1), **made): "not yet on sale",
        EventFactory(**made): "on sale",
        full: "sold out",
        EventFactory(sales_end_at=today - timedelta(days=1), **made): "sales closed",
        EventFactory(
            event_date=today - timedelta(hours=1), ends_at=today + timedelta(hours=1), **made
        ): "on now",
        EventFactory(event_date=today - timedelta(days=1), **made): "over",
    }

    listed = {event.pk: event for event in _listed(admin)}
    assert len(listed) == len(states)
    for event, state in states.items():
        assert admin.get(tab(event, "overview")).context["state"] == state
        assert cells.state_of(event, at=today, sale=listed[event.pk].sale) == state


def test_the_next_step_follows_the_state(admin, organizer):
    today = timezone.now()
    made = {"created_by": organizer, "created_at": today - timedelta(60)}
    later = EventFactory(sales_start_at=today + timedelta(days=1), **made)
    full = EventFactory(total_capacity=1, **made)
    BookingFactory(event=full)
    WaitlistEntryFactory(event=full)
    closed = EventFactory(sales_end_at=today - timedelta(days=1), **made)
    running = EventFactory(
        event_date=today - timedelta(hours=1), ends_at=today + timedelta(hours=1), **made
    )
    over = EventFactory(event_date=today - timedelta(days=1), **made)

    assert step(admin, later).title == "Sales have not started"
    assert step(admin, full).text.startswith("1 waitlist entry.")
    assert step(admin, closed).title == "Sales have ended"
    assert step(admin, running).url == tab(running, "attendees")
    assert step(admin, over).title == "This event is over"
    assert step(admin, EventFactory(**made, total_capacity=5)).title == "5 seats left"


def test_figures_are_those_of_the_event(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=3, priced=10)
    kept, gone = BookingFactory(event=event, quantity=2), BookingFactory(event=event)
    WaitlistEntryFactory(event=event)
    cancel_booking(event_id=event.pk, booking_id=gone.pk, by=Canceller.ORGANIZER)
    BookingFactory(event__created_by=organizer)
    failed_email(event)
    failed_email(event, DeliveryStatus.SENT)

    context = admin.get(tab(event, "overview")).context

    assert context["figures"].booked_seats == kept.quantity
    assert context["bookings"] == {"held": 1, "cancelled": 1}
    assert context["offers"]["number"] == 1
    assert context["failed_emails"] == 1
    assert context["chart"]["total"] == 3


@pytest.mark.parametrize("count", [1, 5])
def test_the_overview_costs_the_same_for_one_booking_and_many(
    admin, organizer, django_assert_max_num_queries, count
):
    event = EventFactory(created_by=organizer, total_capacity=5)
    BookingFactory.create_batch(count, event=event)
    for _ in range(count):
        failed_email(event)

    with django_assert_max_num_queries(13):
        admin.get(tab(event, "overview"))


def test_sales_of_a_day_stay_when_the_event_is_cancelled(organizer):
    event = EventFactory(created_by=organizer)
    BookingFactory(event=event, quantity=2)
    cancel_event(event_id=event.pk, reason="Storm")
    continue_cancellation(event_id=event.pk)

    figures = dashboard_figures(user=organizer, at=timezone.now())

    assert sum(seats for _, seats in figures.sold_by_day) == 2
    assert figures.booked_value == []


def test_booked_value_is_of_upcoming_events(organizer):
    BookingFactory(event__created_by=organizer, event__priced=10)
    ending = timezone.now() + timedelta(days=3)
    BookingFactory(event__created_by=organizer, event__priced=10, event__event_date=ending)

    figures = dashboard_figures(user=organizer, at=ending + timedelta(hours=1))

    assert [str(amount) for _, amount in figures.booked_value] == ["10.00"]


def test_todos_name_failed_emails_drafts_and_sales_that_start(organizer):
    at = timezone.now()
    EventFactory(name="Not mine", published_at=None, event_date=at + timedelta(days=2))
    failing = EventFactory(created_by=organizer, name="Failing")
    failed_email(failing)
    failed_email(failing, DeliveryStatus.BOUNCED)
    failed_email(EventFactory())
    draft = {"created_by": organizer, "published_at": None}
    EventFactory(name="Soon", event_date=at + timedelta(days=2), **draft)
    EventFactory(name="Later", event_date=at + timedelta(days=200), **draft)
    EventFactory(created_by=organizer, name="Opening", sales_start_at=at + timedelta(days=1))
    texts = EventFactory(created_by=organizer, name="Texts")
    EventEmail.objects.create(event=texts, above="{gone}", failed_at=at, failure="other")

    listed = todos(user=organizer, at=at)

    assert [(todo.event, todo.urgent) for todo in listed] == [
        ("Failing", True),
        ("Texts", True),
        ("Soon", False),
        ("", False),
        ("Opening", False),
    ]
    assert listed[0].text == "2 emails could not be sent"
    assert listed[1].url == tab(texts, "email_texts")
    assert listed[3].text == "1 other draft not published yet"
    assert listed[4].text.startswith("Sales start on")


def test_todos_of_superusers_name_templates_that_cannot_be_used(organizer):
    active = EmailTemplate.objects.filter(template_type="cancellation", is_active=True)
    active.update(failed_at=timezone.now(), failure="other")

    (todo,) = todos(user=SuperuserFactory(), at=timezone.now())

    assert (todo.text, todo.urgent) == (
        "The email template “Booking cancelled” could not be used",
        True,
    )
    assert todo.url.endswith("/emailtemplate/editor/cancellation/")
    assert todos(user=organizer, at=timezone.now()) == []


def test_a_new_event_opens_as_a_draft(admin):
    url = f"{EVENTS}add/"
    data = form_of(admin, url) | {
        "name": "New",
        "venue": "Hall",
        "event_date": "2030-05-05T19:00",
        "timezone": "Europe/Berlin",
        "total_capacity": "10",
        "base_price": "0",
        "payment_mode": "free",
    }

    page = admin.post(url, data, follow=True)

    event = Event.objects.get(name="New")
    assert page.redirect_chain == [(tab(event, "overview"), 302)]
    assert "New is saved as a draft" in page.content.decode()


def overview_of(admin, event):
    return " ".join(admin.get(tab(event, "overview")).content.decode().split())


def test_overview_shows_who_is_still_coming(admin, organizer):
    event = EventFactory(
        created_by=organizer,
        event_date=timezone.now() + timedelta(days=10),
        ask_days_before=14,
        total_capacity=20,
    )
    assert "Still coming?" not in overview_of(admin, event)
    bookings = [BookingFactory(event=event, quantity=quantity) for quantity in (5, 4, 2)]
    for booking in bookings:
        AttendanceCheck.objects.create(
            booking=booking, event=event, event_date=event.event_date, seats=booking.quantity
        )
    answer_attendance(event_id=event.pk, booking_id=bookings[0].pk, coming=5)
    answer_attendance(event_id=event.pk, booking_id=bookings[1].pk, coming=0)
    assert "11 seats were asked about" in overview_of(admin, event)

    def listed(answer):
        url = tab(event, "attendees")
        rows = admin.get(url, {"show": "all", "answer": answer}).context["cl"].result_list
        return [booking.pk for booking in rows]

    assert listed("coming") == [bookings[0].pk]
    assert listed("given_back") == [bookings[1].pk]
    assert listed("unanswered") == [bookings[2].pk]
    assert listed("returned") == []
    csv = admin.get(tab(event, "attendees_csv")).getvalue().decode()
    lines = csv.splitlines()
    assert lines[0].endswith(",Still coming")
    assert sorted(line.rpartition(",")[2] for line in lines[1:]) == ["No", "No answer", "Yes"]

"""What an organizer is told above the emails of an event."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bookings.factories import BookingFactory
from boxoffice.tests.emailing import emailed, report, suppress
from boxoffice.tests.organizing import tab
from evently import email_providers
from evently.database.clock import now
from events.factories import EventFactory
from notifications.event_email_models import EventEmail
from notifications.kinds import bookings as kinds
from notifications.models import EmailTemplate
from notifications.operations.creating import notify
from notifications.providers.health import Reporter, Seen
from notifications.providers.registry import CHAIN_BACKEND, providers
from notifications.return_models import Suppression

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(organizer):
    return EventFactory(created_by=organizer, name="Kite Fair", priced=10)


def test_notices_tell_who_is_out_of_reach_and_lead_to_their_emails(admin, event):
    bounced, released = emailed(event), emailed(event)
    report(bounced), report(released)
    suppress(bounced.user), suppress(released.user)
    Suppression.objects.filter(user=released.user).update(
        released_at=now() + timedelta(hours=1), release="admin"
    )

    shown = admin.get(tab(event, "messages"))

    (notice,) = shown.context["notices"]
    assert notice.text == "1 person cannot be reached by email: the address does not exist."
    assert "report=bounced" in notice.url
    listed = admin.get(notice.url).context["cl"].result_list
    assert {row.pk for row in listed} == {bounced.pk, released.pk}


@pytest.fixture
def provider_down() -> Iterator[None]:
    """Tell the broker that the provider is down, and afterwards, for other tests, that it is up."""
    reporter, seen, name = Reporter(), Seen(), providers()[0].name
    seen.failed("ConnectionRefusedError 111")
    reporter.report({name: seen}, down={name}, at_once=True)
    yield
    reporter.report({name: seen}, down=set(), at_once=True)


@pytest.mark.usefixtures("provider_down")
def test_notice_tells_how_long_emails_wait_for_a_provider(admin, event, clock, settings):
    booking = BookingFactory(event=event)
    notify(messages=[kinds.booking_confirmed(booking)])
    clock.move(timedelta(minutes=7))

    shown = admin.get(tab(event, "messages")).content.decode()

    assert "No email provider works: 1 email of this event waits for 7 minutes." in shown

    settings.EMAIL_BACKEND = CHAIN_BACKEND
    settings.EMAIL_PROVIDERS = email_providers.parse(
        "smtp://127.0.0.1:25,backup=smtp://127.0.0.1:26"
    )
    (notice,) = admin.get(tab(event, "messages")).context["notices"]
    # Whether it waits for the one that is down is not known.
    assert "is down, others work. 1 email of this event waits" in notice.text
    assert len(admin.get(notice.url).context["cl"].result_list) == 0


def test_notice_tells_which_emails_go_out_with_the_default_template(admin, event):
    version = {"version": 2, "subject_template": "{x}", "html_template": "x", "text_template": "x"}
    EmailTemplate.objects.filter(template_type__in=["reminder", "welcome"]).update(is_active=False)
    for type_ in ("reminder", "welcome"):
        EmailTemplate.objects.create(
            template_type=type_, failed_at=now(), failure="placeholder_unknown", **version
        )

    # Organizers send no emails about accounts.
    (notice,) = admin.get(tab(event, "messages")).context["notices"]

    assert "template of the email “Reminder of an event” cannot be used since" in notice.text


def test_notice_tells_which_texts_are_left_out_of_emails(admin, event):
    EventEmail.objects.create(
        event=event,
        template_type="booking_confirm",
        above="{unknown}",
        failed_at=now(),
        failure="placeholder_unknown",
    )

    (notice,) = admin.get(tab(event, "messages")).context["notices"]

    assert "Your texts for the email “Booking confirmed” are left out since" in notice.text
    assert notice.text.endswith("it has a placeholder that this email does not have.")
    assert admin.get(notice.url).status_code == 200

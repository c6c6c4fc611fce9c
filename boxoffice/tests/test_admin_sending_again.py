"""Many emails of an event are sent again from the admin: which, in batches, and who is left out."""

from threading import Barrier, Thread

import pytest
from django.db import connection

from bookings.factories import BookingFactory
from boxoffice.tests.emailing import EMAILS, confirm, emailed, failed, suppress
from boxoffice.tests.organizing import tab
from evently.accounts.factories import OrganizerFactory, SuperuserFactory
from events.factories import EventFactory
from notifications import tasks
from notifications.admin import sending_again
from notifications.models import EmailDelivery, EmailResend, Notification, ResendRun
from notifications.mute_models import EventMute
from notifications.operations import resend_runs, resending
from notifications.tests.delivering import deliver_due
from notifications.writing import beginning
from notifications.writing.drafting import Draft, create_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(organizer):
    return EventFactory(created_by=organizer, name="Kite Fair", priced=10)


@pytest.mark.django_db(transaction=True)
def test_only_the_failed_emails_that_the_filter_shows_are_sent_again(admin, event):
    lost = failed(event)
    other = failed(event)
    suppress(other.user)
    url = tab(event, "send_failed_emails")

    none = admin.post(f"{url}?kind=waitlist_join", {"confirmed": "yes"}, follow=True)
    done = admin.post(f"{url}?kind=booking_confirm", {"confirmed": "yes"}, follow=True)

    assert EmailResend.objects.get().delivery_id == lost.pk
    assert not none.context["messages"]
    text = done.content.decode()
    assert "1 email will be sent again." in text
    assert "1 email was not sent, as its address gets none: it does not exist (1)." in text
    other.refresh_from_db()
    assert other.status == "failed"


@pytest.mark.parametrize("query", ["?colour=red", "?created_at__gte=x", "?event__id__exact=x"])
def test_nothing_is_sent_again_where_the_filter_is_none(admin, event, query):
    failed(event)
    answer = admin.post(tab(event, "send_failed_emails") + query, {"confirmed": "yes"}, follow=True)
    assert "Nothing was sent" in answer.content.decode()
    assert not EmailResend.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_email_to_a_suppressed_address_is_not_sent_again(admin, event):
    sent = emailed(event)
    suppress(sent.user)

    answer = confirm(admin, sent)

    assert "this address gets no emails: it does not exist" in answer.content.decode()
    assert not EmailResend.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_people_have_unsubscribed_from_is_not_sent_again(admin, event, mailoutbox):
    """Neither what is asked for since, nor what was asked for just before."""
    user = BookingFactory(event=event).user
    draft = create_draft(
        Draft("Doors", "At seven.", "booked"), event_id=event.pk, by_id=event.created_by_id
    )
    beginning.send_now(event_id=event.pk, message_id=draft.pk)
    tasks.send_messages()
    deliver_due()
    sent = EmailDelivery.objects.get(user=user, kind="organizer_message")
    confirm(admin, sent)
    copy = Notification.objects.get(type="organizer_message", data__again=True)
    EventMute.objects.create(user=user, event=event, category="messages", channel="email")
    mailoutbox.clear()

    answer = confirm(admin, sent)
    many = resending.send_again(delivery_ids=[sent.pk], by_id=event.created_by_id)
    deliver_due()

    assert "this person has turned these emails off" in answer.content.decode()
    assert sending_again.in_words(many).endswith(
        "1 email was not sent, as these emails are turned off."
    )
    assert EmailResend.objects.count() == 1
    assert mailoutbox == []
    assert not EmailDelivery.objects.filter(notification_id=copy.pk).exists()


@pytest.fixture
def many(monkeypatch):
    """Let two emails be many, and a transaction have one."""
    monkeypatch.setattr(sending_again, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(resend_runs, "EMAILS_PER_TRANSACTION", 1)


@pytest.mark.django_db(transaction=True)
def test_many_are_sent_again_in_batches_with_progress(admin, event, many):
    lost = [failed(event) for _ in range(3)]
    url = tab(event, "send_failed_emails")

    shown = admin.post(url, {"confirmed": "yes"}, follow=True)

    run = ResendRun.objects.get()
    assert (run.done, run.sent, run.finished_at) == (1, 1, None)
    text = shown.content.decode()
    assert "2 more emails will follow in the background." in text
    assert "1 of 3 emails" in text
    # A second click, or another admin.
    again = admin.post(url, {"confirmed": "yes"}, follow=True).content.decode()
    assert "Emails are being sent again already." in again
    tasks.continue_resend_runs()
    run.refresh_from_db()
    assert (run.done, run.sent) == (3, 3)
    assert EmailResend.objects.count() == 3
    finished = admin.get(f"{EMAILS}run/{run.pk}/")
    assert finished.headers["HX-Refresh"] == "true"
    assert "3 emails will be sent again." in finished.content.decode()
    assert {email.pk for email in lost} == set(run.delivery_ids)


@pytest.mark.django_db(transaction=True)
def test_runs_of_others_are_out_of_reach_and_reach_no_other_event(admin, event, many):
    foreign = failed(EventFactory(created_by=OrganizerFactory()))
    mine = failed(event)
    run = resending.send_many_again(
        delivery_ids=[foreign.pk, mine.pk], event_id=event.pk, by_id=event.created_by_id
    )
    resend_runs.carry_on(run_id=run.pk)

    run.refresh_from_db()
    assert (run.sent, run.gone) == (1, 1)
    assert EmailResend.objects.get().delivery_id == mine.pk
    ResendRun.objects.filter(pk=run.pk).delete()
    foreign_run = resending.send_many_again(
        delivery_ids=[foreign.pk], event_id=foreign.event_id, by_id=foreign.event.created_by_id
    )
    assert admin.get(f"{EMAILS}run/{foreign_run.pk}/").status_code == 404


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_email_of_a_run_once(event, many):
    lost = [failed(event) for _ in range(6)]
    run = resending.send_many_again(
        delivery_ids=[email.pk for email in lost], event_id=event.pk, by_id=event.created_by_id
    )
    barrier = Barrier(2)

    def work():
        barrier.wait()
        try:
            while ResendRun.objects.filter(finished_at=None).exists():
                resend_runs.carry_on(run_id=run.pk)
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    run.refresh_from_db()
    assert (run.done, run.sent) == (6, 6)
    assert EmailResend.objects.count() == 6


@pytest.mark.django_db(transaction=True)
def test_selected_emails_beyond_a_page_are_asked_about(admin, event, many):
    failed(event), failed(event)
    url = f"{tab(event, 'messages')}?show=failed"
    selected = {"action": "send_selected_again", "select_across": "1", "_selected_action": "x"}
    chosen = {**selected, "_selected_action": [str(EmailDelivery.objects.first().pk)]}

    asked = admin.post(url, chosen)
    assert "Send 2 emails again?" in asked.content.decode()
    assert not EmailResend.objects.exists()
    admin.post(url, {**dict(asked.context["hidden"]), "confirmed": "yes"})

    assert EmailResend.objects.count() == 1
    assert ResendRun.objects.get().done == 1


def test_superusers_send_all_failed_emails_of_the_site_again(client, admin, event):
    lost = [failed(event), failed(EventFactory())]
    assert admin.get(f"{EMAILS}send-failed/").status_code == 404
    client.force_login(SuperuserFactory())

    listed = client.get(EMAILS, {"kind": "booking_confirm"}).content.decode()
    client.post(f"{EMAILS}send-failed/?kind=booking_confirm", {"confirmed": "yes"})

    assert f"{EMAILS}send-failed/?kind=booking_confirm" in listed
    assert {row.delivery_id for row in EmailResend.objects.all()} == {row.pk for row in lost}

"""The emails of an event in the admin: who sees them, and what is sent again."""

from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.factories import BookingFactory
from bookings.models import Booking
from boxoffice.tests.emailing import EMAILS, confirm, emailed, failed, page, report
from boxoffice.tests.organizing import EVENTS, tab
from evently.accounts.factories import OrganizerFactory, SuperuserFactory
from events.factories import EventFactory
from notifications import tasks
from notifications.admin import filters
from notifications.kinds import accounts
from notifications.models import EmailDelivery, EmailResend, Notification
from notifications.operations import delivering, resending
from notifications.operations.creating import notify
from notifications.operations.resending import NothingToSend, ResentTooOften
from notifications.sent_models import SentEmail

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(organizer):
    return EventFactory(created_by=organizer, name="Kite Fair", priced=10)


def test_organizers_see_the_emails_of_their_events(admin, event):
    sent, lost = emailed(event), failed(event)

    first = admin.get(tab(event, "messages"))
    everything = admin.get(tab(event, "messages"), {"show": "all"})

    assert [row.pk for row in first.context["cl"].result_list] == [lost.pk]
    assert {row.pk for row in everything.context["cl"].result_list} == {sent.pk, lost.pk}
    text = first.content.decode()
    assert "The mail server refused this recipient (550). Check the email address." in text
    assert lost.user.email in text
    assert "Booking confirmed" in text


def test_all_emails_are_shown_where_none_failed(admin, event):
    sent = emailed(event)

    rows = admin.get(tab(event, "messages")).context["cl"].result_list

    assert [row.pk for row in rows] == [sent.pk]


def test_emails_of_accounts_are_not_shown_to_organizers(admin, event):
    booking = BookingFactory(event=event)
    refusal = ResentTooOften()
    messages = [
        accounts.login_link(booking.user),
        accounts.guest_refused(event, booking.user, quantity=1, refusal=refusal),
    ]
    ids = notify(messages=messages)
    delivering.deliver_all([(id_, booking.user_id) for id_ in ids])
    assert EmailDelivery.objects.count() == 2

    rows = admin.get(tab(event, "messages"), {"show": "all"}).context["cl"].result_list

    assert list(rows) == []
    for email in EmailDelivery.objects.all():
        assert admin.get(page(email)).status_code == 302
        assert admin.get(page(email, "again")).status_code == 404
        assert admin.get(page(email, "preview")).status_code == 404


def test_emails_of_other_organizers_are_out_of_reach(admin, event, mailoutbox):
    foreign = failed(EventFactory(created_by=OrganizerFactory()))
    mine = failed(event)
    mailoutbox.clear()

    assert [row.pk for row in admin.get(EMAILS).context["cl"].result_list] == [mine.pk]
    assert admin.get(page(foreign)).status_code == 302
    assert admin.get(page(foreign, "preview")).status_code == 404
    assert confirm(admin, foreign).status_code == 404
    selected = {"action": "send_selected_again", "_selected_action": [str(foreign.pk)]}
    admin.post(EMAILS, selected)
    admin.post(tab(event, "messages"), selected)
    assert admin.get(tab(foreign.event, "messages")).status_code == 404
    assert admin.post(tab(foreign.event, "send_failed_emails")).status_code == 404
    assert not EmailResend.objects.exists()
    foreign.refresh_from_db()
    assert foreign.status == "failed"


@pytest.mark.django_db(transaction=True)
def test_failed_email_is_sent_again_and_recorded(admin, organizer, event, mailoutbox):
    lost = failed(event)
    mailoutbox.clear()

    answer = confirm(admin, lost)

    assert "will be sent again" in answer.content.decode()
    delivering.deliver_all([(lost.notification_id, lost.user_id)])
    assert [email.to for email in mailoutbox] == [[lost.user.email]]
    (record,) = EmailResend.objects.all()
    assert (record.delivery_id, record.by_id) == (lost.pk, organizer.pk)
    assert organizer.display_name in admin.get(page(lost)).content.decode()


@pytest.mark.django_db(transaction=True)
def test_sent_email_goes_out_as_a_new_one_whatever_the_preferences(admin, event, mailoutbox):
    sent = emailed(event)
    sent.user.preferences = {"all": {"email": False}}
    sent.user.save(update_fields=["preferences"])
    mailoutbox.clear()

    confirm(admin, sent)

    copy = Notification.objects.exclude(pk=sent.notification_id).get(user_id=sent.user_id)
    delivering.deliver_all([(copy.pk, copy.user_id)])
    (email,) = mailoutbox
    assert str(copy.pk) in email.extra_headers["Message-ID"]
    assert not Notification.objects.inbox_of(sent.user_id).filter(pk=copy.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_fifty_clicks_send_three_emails(admin, event):
    sent = emailed(event)

    for _ in range(50):
        last = confirm(admin, sent)

    assert EmailResend.objects.count() == 3
    assert "sent again several times already" in last.content.decode()


@pytest.mark.django_db(transaction=True)
def test_clicks_at_the_same_time_count_one_after_the_other(event):
    sent = emailed(event)
    barrier, outcomes = Barrier(6), []

    def click():
        barrier.wait()
        try:
            resending.send_one_again(delivery_id=sent.pk, by_id=None)
            outcomes.append("sent")
        except ResentTooOften:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [Thread(target=click) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["refused"] * 3 + ["sent"] * 3


@pytest.mark.django_db(transaction=True)
def test_email_that_waits_is_not_sent_twice(event):
    waiting = emailed(event, status="held")

    with pytest.raises(NothingToSend):
        resending.send_one_again(delivery_id=waiting.pk, by_id=None)


@pytest.mark.django_db(transaction=True)
def test_all_failed_emails_of_an_event_are_sent_again(admin, event):
    lost = [failed(event), emailed(event, status="bounced")]
    emailed(event)
    other = failed(EventFactory(created_by=event.created_by))

    asked = admin.get(tab(event, "send_failed_emails"))
    admin.post(tab(event, "send_failed_emails"), {"confirmed": "yes"})

    assert "Send 2 failed emails again?" in asked.content.decode()
    resent = set(EmailResend.objects.values_list("delivery_id", flat=True))
    assert resent == {email.pk for email in lost}
    other.refresh_from_db()
    assert other.status == "failed"


@pytest.mark.django_db(transaction=True)
def test_task_continues_where_the_first_batch_ends(event, monkeypatch):
    from notifications.operations import resent_rows

    lost = [failed(event) for _ in range(3)]
    monkeypatch.setattr(resent_rows, "EMAILS_PER_TRANSACTION", 1)

    tasks.send_failed_again(str(event.pk), None, str(sorted(email.pk for email in lost)[0]))

    assert EmailResend.objects.count() == 1


def test_preview_shows_the_email_without_links_and_codes(admin, event, settings):
    sent = emailed(event)

    shown = admin.get(page(sent, "preview"))

    text = shown.content.decode()
    assert event.name in text
    assert "href" not in text
    assert "<img" not in text
    assert f"{settings.PUBLIC_URL}/" not in text
    policy = shown.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert admin.get(page(sent)).context["preview"].text.count("(link)") >= 1


def test_page_of_an_email_shows_what_it_said_and_what_happened(admin, event):
    sent = emailed(event)
    report(sent)
    event.name = "Kites and Cake"
    event.save(update_fields=["name"])

    shown = admin.get(page(sent))

    assert [step.what for step in shown.context["steps"]] == [
        "Queued",
        "Handed over to SMTP",
        "Bounced",
    ]
    text = shown.content.decode()
    assert "There is no such mailbox (5.1.1)" in text
    assert "As it was sent on" in text
    assert shown.context["copy"].recipient == sent.user.email
    copy = admin.get(shown.context["preview_url"])
    assert "Kite Fair" in copy.content.decode()
    assert "Kites and Cake" not in copy.content.decode()
    assert "sandbox" in copy.headers["Content-Security-Policy"]
    assert f"/bookings/booking/{Booking.objects.get(user=sent.user).pk}/change/" in text


def test_email_whose_copy_is_gone_is_rendered_again_and_says_so(admin, event):
    sent = emailed(event)
    SentEmail.objects.all().delete()

    without = admin.get(page(sent)).content.decode()
    again = admin.get(page(sent), {"rendered": "now"}).content.decode()

    assert "What this email said was not kept." in without
    assert "iframe" not in without
    assert "Rendered from what is true now" in again
    assert f"{page(sent, 'preview')}" in again


def test_copies_of_other_organizers_are_out_of_reach(admin, event):
    foreign = emailed(EventFactory(created_by=OrganizerFactory()))
    mine = emailed(event)
    copy = SentEmail.objects.get(delivery_id=foreign.pk)

    assert admin.get(page(foreign, f"copy/{copy.pk}")).status_code == 404
    # Not by way of an email that is theirs, either.
    assert admin.get(page(mine, f"copy/{copy.pk}")).status_code == 404


def test_superusers_find_emails_by_event(client, event):
    client.force_login(SuperuserFactory())
    sent, _ = emailed(event), emailed(EventFactory())

    rows = client.get(EMAILS, {"event": str(event.pk)})

    assert [row.pk for row in rows.context["cl"].result_list] == [sent.pk]
    assert "Kite Fair" in rows.content.decode()


def test_list_needs_the_same_queries_for_one_and_for_many(admin, event):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            admin.get(tab(event, "messages"), {"show": "all"})
        return len(captured)

    emailed(event)
    one = queries()
    for _ in range(4):
        emailed(event)

    assert queries() == one


def test_overview_and_dashboard_lead_to_the_failed_emails(admin, event):
    failed(event)

    url = tab(event, "messages")
    assert f'href="{url}"' in admin.get(tab(event, "overview")).content.decode()
    assert f'href="{url}"' in admin.get("/admin/").content.decode()
    assert EVENTS in url


# ── Filters ─────────────────────────────────────────────────────────────────
def test_list_counts_each_state_and_filters_by_kind_and_report(admin, event):
    sent, lost, bounced = emailed(event), failed(event), emailed(event, status="bounced")
    report(bounced)

    def rows(**query):
        found = admin.get(tab(event, "messages"), query)
        return {row.pk for row in found.context["cl"].result_list}

    page = admin.get(tab(event, "messages"), {"kind": "booking_confirm"})
    shown = [link["display"] for link in page.context["shown_links"]]
    assert shown == ["Failed 2", "Bounced 1", "Not sent yet 0", "Sent 1", "Delivered 0", "All 3"]
    assert rows(show="bounced") == rows(show="all", report="bounced") == {bounced.pk}
    assert rows(show="all", kind="booking_confirm") == {sent.pk, lost.pk, bounced.pk}
    assert rows(show="all", kind="waitlist_join") == rows(show="all", report="complained") == set()
    # A form that needs no script, and keeps what else the address says.
    text = admin.get(tab(event, "messages"), {"show": "all", "q": "x"}).content.decode()
    assert '<select name="kind">' in text
    assert '<input type="hidden" name="show" value="all">' in text


def test_counts_go_on_beyond_what_is_counted(admin, event, monkeypatch):
    monkeypatch.setattr(filters, "MOST_COUNTED", 1)
    # Whichever of them is counted.
    emailed(event)
    emailed(event)

    found = admin.get(tab(event, "messages"))

    displays = [link["display"] for link in found.context["shown_links"]]
    assert displays == [
        "Failed 0",
        "Bounced 0",
        "Not sent yet 0",
        "Sent 1+",
        "Delivered 0+",
        "All 1+",
    ]


def test_search_finds_the_emails_about_a_booking(admin, event):
    sent, _ = emailed(event), emailed(event)
    booking = Booking.objects.get(user=sent.user)
    foreign = emailed(EventFactory())
    other = Booking.objects.get(user=foreign.user)

    def found(term):
        query = {"q": term, "show": "all"}
        return [
            row.pk for row in admin.get(tab(event, "messages"), query).context["cl"].result_list
        ]

    assert found(booking.booking_reference) == [sent.pk]
    assert found(sent.user.email) == [sent.pk]
    assert found(other.booking_reference) == []


# ── Notices ─────────────────────────────────────────────────────────────────

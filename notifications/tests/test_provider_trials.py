"""A provider that has failed is tried at nobody's expense, and comes back by itself."""

from threading import Event

import pytest

from bookings.factories import BookingFactory
from evently.accounts.factories import SuperuserFactory
from evently.email_providers import Provider
from evently.tests.running import PATIENCE_SECONDS, wait_for
from notifications.emails.message import message_id_of
from notifications.factories import NotificationFactory
from notifications.kinds import Urgency
from notifications.kinds.bookings import booking_confirmed
from notifications.models import EmailDelivery, Notification
from notifications.operations.creating import notify
from notifications.providers.breaker import Breaker
from notifications.providers.chain import Chain
from notifications.providers.errors import NotSent, Stage
from notifications.providers.probing import Claim, connect
from notifications.tests.delivering import delivery_of
from notifications.tests.mailserver import mail_server
from notifications.tests.service import email_service

URGENT, SOON, BULK = Urgency.URGENT, Urgency.SOON, Urgency.BULK
EMAILS = "/admin/notifications/emaildelivery/"


@pytest.fixture
def main():
    with mail_server() as running:
        yield running


@pytest.fixture
def spare():
    with mail_server() as running:
        yield running


@pytest.fixture
def impatient(settings, monkeypatch):
    settings.EMAIL_TIMEOUT = 1
    monkeypatch.setattr("notifications.emails.smtp.ANSWER_TIMEOUT_SECONDS", 1)
    monkeypatch.setattr("notifications.providers.breaker.FIRST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr("notifications.operations.trials.OFFER_SECONDS", 0.5)


def ticket():
    booking = BookingFactory(quantity=1)
    notify(messages=[booking_confirmed(booking)])
    return Notification.objects.get(user=booking.user)


def arrived(server, *notifications):
    return {message_id_of(each.pk) for each in notifications} <= server.counts.keys()


@pytest.mark.django_db(transaction=True)
@pytest.mark.processes
def test_only_a_bulk_email_tries_a_server_that_greets_and_stalls(
    chain, label, main, spare, impatient, running_lanes, client
):
    chain(f"{label}=smtp://127.0.0.1:{main.port},spare=smtp://127.0.0.1:{spare.port}")
    # Never answers once it has an email.
    main.hangs_after_data = 1000
    lanes = running_lanes(number=1)
    breaker = lanes.chain.links[0].breaker
    found_out = NotificationFactory()

    def await_connections():
        before = main.connections
        assert wait_for(lambda: main.connections > before + 1)

    assert wait_for(lambda: breaker.stage is Stage.SILENT)

    # It takes connections; no ticket finds out what follows them.
    await_connections()
    tickets = [ticket() for _ in range(3)]
    assert wait_for(lambda: arrived(spare, *tickets))
    assert list(main.counts) == [message_id_of(found_out.pk)]
    lanes.chain.report(at_once=True)
    client.force_login(SuperuserFactory())
    page = client.get(EMAILS).content.decode()
    assert "Takes connections again; a bulk email tries it before others" in page

    # A bulk email does, while tickets go by.
    stuck, later = NotificationFactory(), ticket()
    assert wait_for(lambda: arrived(main, stuck) and arrived(spare, later))
    main.hangs_after_data = 0
    await_connections()
    proof = NotificationFactory()
    assert wait_for(lambda: breaker.is_up)
    assert list(main.counts) == [message_id_of(each.pk) for each in (found_out, stuck, proof)]
    last = ticket()
    assert wait_for(lambda: arrived(main, last))


@pytest.mark.django_db(transaction=True)
@pytest.mark.processes
def test_ticket_does_not_wait_for_the_lane_that_waits_for_a_slow_server(
    chain, label, main, running_lanes, monkeypatch
):
    monkeypatch.setattr("notifications.emails.smtp.ANSWER_TIMEOUT_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr("notifications.operations.lanes.HELP_SECONDS", 2 * PATIENCE_SECONDS)
    chain(f"{label}=smtp://127.0.0.1:{main.port}")
    running_lanes(number=2)
    released = Event()
    main.after_data = lambda: released.wait(PATIENCE_SECONDS)
    stuck = NotificationFactory()
    try:
        assert wait_for(lambda: arrived(main, stuck))
        later = ticket()
        assert wait_for(lambda: arrived(main, later))
    finally:
        released.set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.processes
def test_server_that_is_reached_again_comes_back_without_any_email(
    chain, label, main, impatient, running_lanes
):
    chain(f"{label}=smtp://127.0.0.1:{main.port}")
    main.down()
    lanes = running_lanes(number=1)
    first = ticket()
    assert wait_for(lambda: EmailDelivery.objects.exclude(error_message="").exists())
    waiting = [ticket() for _ in range(3)]

    main.up()
    assert wait_for(lambda: arrived(main, *waiting))

    assert lanes.chain.links[0].breaker.is_up
    # None of them was spent on finding out.
    assert {delivery_of(each).send_attempts for each in [first, *waiting]} == {1}


def test_while_a_provider_is_watched_no_email_of_a_lane_tries_it(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("notifications.providers.breaker.time.monotonic", lambda: now[0])
    chain = Chain([Provider(), Provider("sendgrid")])
    chain.is_watched = True
    first, second = chain.links
    first.breaker.failed("NoAnswer")
    now[0] += 7200
    assert {chain.choose(urgency).link for urgency in Urgency} == {second}
    assert chain.choose(BULK, without=[second]) is None

    # Unless it is the only one, and was reached the last time.
    second.breaker.failed("ConnectTimeout", stage=Stage.CONNECTING)
    now[0] += 7200
    assert chain.wait_seconds(URGENT) == 0
    trial = chain.choose(URGENT)
    assert (trial.link, trial.is_trial) == (first, True)
    assert chain.choose(URGENT) is None
    assert chain.wait_seconds(URGENT) > 0


def test_a_connection_is_proof_enough_after_a_while_without_bulk_mail(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("notifications.providers.breaker.time.monotonic", lambda: now[0])
    breaker = Breaker()

    def seconds_until_proven():
        started = now[0]
        while not breaker.is_proven_by_connection:
            now[0] += 10
        return now[0] - started

    breaker.failed("ConnectionRefusedError", stage=Stage.CONNECTING)
    assert seconds_until_proven() == 0
    breaker.failed("SMTPSenderRefused 550", stage=Stage.REFUSING)
    assert seconds_until_proven() == 30
    # Each time that it was silent again, it takes longer, until an email was answered.
    waits = []
    for _ in range(4):
        breaker.failed("AnswerLost", stage=Stage.SILENT)
        waits.append(seconds_until_proven())
        breaker.answered(by_email=False)
    assert waits == [600, 1200, 2400, 3600]
    breaker.answered()
    breaker.failed("AnswerLost", stage=Stage.SILENT)
    # What a connection met does not make it less.
    breaker.failed("ConnectionRefusedError", stage=Stage.CONNECTING)
    assert seconds_until_proven() == 600


def test_of_all_mailers_one_asks_and_the_others_learn_what_came_of_it(label, settings, deaf):
    one, other = Claim(label), Claim(label, process="other")
    assert (one.take(), other.take(), other.answered_within(100)) == (True, False, False)
    one.keep(60)
    assert (one.take(), other.take()) == (True, False)

    one.tell_answered()
    assert other.answered_within(100)
    # Not for who has seen it fail since.
    assert not other.answered_within(0)
    assert other.take()

    # Without the broker, each asks for itself.
    settings.REDIS_URL = f"redis://127.0.0.1:{deaf}/0"
    assert (one.take(), other.take(), one.answered_within(100)) == (True, True, False)
    one.tell_answered()


def test_a_connection_without_an_email_tells_whether_a_provider_is_there(
    chain, main, deaf, impatient, settings
):
    def why_not(text):
        chain(text)
        with pytest.raises(NotSent) as failure:
            connect(settings.EMAIL_PROVIDERS[0])
        assert (failure.value.stage, failure.value.goes_on) == (Stage.CONNECTING, True)
        return str(failure.value)

    chain(f"smtp://127.0.0.1:{main.port}")
    connect(settings.EMAIL_PROVIDERS[0])
    assert why_not(f"smtp://127.0.0.1:{deaf}") == "NoAnswer"
    # As it offers none.
    assert "SMTPNotSupportedError" in why_not(f"smtp://user:password@127.0.0.1:{main.port}")
    assert (main.connections, main.emails) == (2, [])
    with email_service() as service:
        at = f"sendgrid://?api_key=SG.key&api_url={service.url}"
        chain(at)
        connect(settings.EMAIL_PROVIDERS[0])
        service.head_status = 503
        assert why_not(at) == "HTTPError"
        assert (service.asked, service.keys) == (2, [])
    assert why_not(at) == "ConnectionError"

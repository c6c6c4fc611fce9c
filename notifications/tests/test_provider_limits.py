"""Limits of a provider: shared by all mailers, with room for what is urgent."""

import secrets
from dataclasses import replace

import pytest

from evently.email_providers import Provider
from evently.embedded.processes import choose_port
from notifications.kinds import Urgency
from notifications.providers.chain import Chain
from notifications.providers.rate import EXACT_FROM, Bucket, Limiter

URGENT, SOON, BULK = Urgency.URGENT, Urgency.SOON, Urgency.BULK


@pytest.fixture
def provider():
    """Return a provider that has no counts in the broker yet."""
    return Provider(label=secrets.token_hex(8))


def stopped(limiter):
    """Let no token come back during a test."""
    limiter._bucket = replace(limiter._bucket, pace=1e-6)
    return limiter


def taken(limiter, urgency, *, tries=30):
    """Return how many emails of this urgency may be sent."""
    return sum(limiter.take(urgency) == 0 for _ in range(tries))


@pytest.fixture
def broker_away(settings):
    """Return a function that takes the broker away from a limiter, and one that brings it back."""
    url = settings.REDIS_URL

    def switch(limiter, *, away):
        closed = choose_port(None, taken=set())
        settings.REDIS_URL = f"redis://127.0.0.1:{closed}/0" if away else url
        limiter._client = None
        limiter._breaker.reset()
        limiter._blocked_until.clear()

    return switch


@pytest.mark.parametrize("per_second", [1, 2, 4, 5, 14, 100, 1001])
def test_no_second_has_more_than_the_limit(per_second):
    bucket = Bucket.of(per_second)
    assert 1 <= bucket.kept < bucket.size
    # What a full bucket has, and what comes before the second is over: less than a whole token of
    # it is never sent. A small limit may be exceeded by the one email that is urgent.
    spare = 1 if per_second >= EXACT_FROM else 2
    assert bucket.size + bucket.pace == per_second + spare


def test_bulk_mail_leaves_tokens_for_what_is_urgent(provider):
    limiter = stopped(Limiter(replace(provider, per_second=10)))

    assert taken(limiter, BULK) == 1
    assert taken(limiter, SOON) == 1
    assert taken(limiter, URGENT) == 1
    assert limiter.blocked_seconds(BULK) > limiter.blocked_seconds(URGENT) > 0


def test_all_mailers_share_a_limit(provider):
    limits = replace(provider, per_second=10)
    first, second = stopped(Limiter(limits)), stopped(Limiter(limits))

    assert (first.take(URGENT), second.take(URGENT), first.take(URGENT)) == (0, 0, 0)
    assert second.take(URGENT) > 0


def test_the_last_emails_of_a_day_are_kept_for_what_is_urgent(provider):
    limiter = Limiter(replace(provider, per_day=20))

    assert taken(limiter, BULK) == 18
    assert taken(limiter, SOON) == 1
    assert taken(limiter, URGENT) == 1
    assert taken(Limiter(replace(provider, per_day=20)), URGENT) == 0


def test_each_mailer_keeps_to_its_share_while_the_broker_is_away(provider, broker_away):
    limits = replace(provider, per_day=40)
    first, second = Limiter(limits, taker="1"), Limiter(limits, taker="2")
    assert (taken(second, URGENT, tries=4), taken(first, URGENT, tries=4)) == (4, 4)

    broker_away(first, away=True)
    # Half of what was left then.
    assert taken(first, URGENT) == 16

    broker_away(first, away=False)
    assert taken(first, URGENT, tries=1) == 1
    broker_away(second, away=False)
    assert taken(second, URGENT, tries=40) == 40 - 4 - 4 - 16 - 1


def test_a_share_of_the_pace_while_the_broker_was_never_there(provider, broker_away):
    limiter = stopped(Limiter(replace(provider, per_second=10)))
    broker_away(limiter, away=True)

    # As it starts with one token only.
    assert (taken(limiter, BULK), taken(limiter, URGENT)) == (0, 1)


def test_without_limits_the_broker_is_not_asked(provider, broker_away):
    limiter = Limiter(provider)
    broker_away(limiter, away=True)

    assert taken(limiter, BULK) == 30
    assert limiter._client is None


def test_a_token_that_was_not_used_is_used_by_the_next_email(provider):
    chain = Chain([replace(provider, per_day=1)])
    permit = chain.choose(URGENT)
    assert permit is not None
    assert chain.choose(URGENT) is None

    permit.give_back()

    assert chain.choose(URGENT) is not None


def test_bulk_mail_waits_for_a_limit_and_urgent_mail_goes_to_the_next_provider(
    provider, monkeypatch
):
    monkeypatch.setattr("notifications.providers.chain.BULK_WAITS_SECONDS", 1e9)
    chain = Chain([replace(provider, per_second=10), Provider("sendgrid")])
    first, second = chain.links
    stopped(first.limiter)
    assert taken(first.limiter, URGENT, tries=3) == 3

    assert chain.choose(BULK) is None
    assert chain.least_urgent(BULK) is SOON
    assert chain.wait_seconds(BULK) > 0
    assert chain.choose(URGENT).link is second
    assert chain.choose(SOON).link is second


def test_bulk_mail_goes_to_the_next_provider_once_the_day_of_the_first_is_over(provider):
    chain = Chain([replace(provider, per_day=10), Provider("sendgrid")])
    first, second = chain.links

    links = [chain.choose(BULK).link for _ in range(12)]

    assert links == [first] * 9 + [second] * 3


def test_urgent_mail_does_not_find_out_whether_a_provider_still_hangs(provider, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("notifications.providers.breaker.time.monotonic", lambda: now[0])
    chain = Chain([provider, Provider("sendgrid")])
    first, second = chain.links
    first.breaker.failed("NoAnswer")
    now[0] += 60

    assert chain.choose(URGENT).link is second
    trial = chain.choose(BULK)
    assert (trial.link, trial.is_trial) == (first, True)
    assert chain.choose(BULK).link is second, "one email is enough"
    trial.give_back()
    # Where there is no other mail, an urgent one has to, now and then.
    now[0] += 700
    assert chain.choose(URGENT).link is first


def test_urgent_mail_tries_where_no_provider_answers(provider, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("notifications.providers.breaker.time.monotonic", lambda: now[0])
    chain = Chain([provider, Provider("sendgrid")])
    for link in chain.links:
        link.breaker.failed("NoAnswer")
    assert (chain.choose(URGENT), chain.least_urgent(BULK)) == (None, None)

    now[0] += 2
    assert chain.choose(URGENT).link is chain.links[0]
    assert chain.choose(URGENT).link is chain.links[1]
    assert chain.choose(URGENT) is None

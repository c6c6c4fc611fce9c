"""The beacon drand: rounds by time, and servers that are right, wrong, silent or slow."""

from datetime import UTC, datetime, timedelta

import pytest

from waitlists import beacons
from waitlists.tests.drand_server import drand_server, round_of

NUMBER = 1000
# https://api.drand.sh/52db…e971/public/1000
SIGNATURE = (
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125"
    "e342b73a8dd2bacbe47e4b6b63ed5e39"
)
RANDOMNESS = "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd"


@pytest.fixture
def servers(settings):
    with drand_server() as one, drand_server() as two:
        settings.EVENTLY_DRAND_SERVERS = (one.url, two.url + "/")
        one.answer = two.answer = round_of(NUMBER, signature=SIGNATURE)
        yield one, two


def test_rounds_are_three_seconds_apart():
    first = beacons.time_of(1)
    assert first == datetime(2023, 8, 23, 15, 9, 27, tzinfo=UTC)
    assert beacons.time_of(NUMBER) == first + timedelta(seconds=2997)


@pytest.mark.parametrize("late", [0.0, 0.001, 1.5, 2.999])
def test_round_from_a_time_is_the_first_that_exists_then_or_later(late):
    at = beacons.time_of(23_000_000) - timedelta(seconds=late)
    assert beacons.round_from(at) == 23_000_000
    assert beacons.time_of(beacons.round_from(at)) >= at


def test_round_is_fetched_and_its_signature_hashed(servers):
    assert beacons.fetch_randomness(NUMBER) == RANDOMNESS
    assert [server.asked for server in servers] == [["1000"], ["1000"]]


def test_redirects_are_not_followed(servers, settings):
    one, two = servers
    settings.EVENTLY_DRAND_SERVERS = (one.url,)
    one.redirects_to = two.url
    with pytest.raises(beacons.BeaconUnreachable):
        beacons.fetch_randomness(NUMBER)
    assert two.asked == []


def test_one_server_suffices(servers):
    servers[0].answer = None
    assert beacons.fetch_randomness(NUMBER) == RANDOMNESS


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "later",
        {},
        round_of(NUMBER + 1, signature=SIGNATURE),
        round_of(NUMBER, signature=SIGNATURE) | {"randomness": "00" * 32},
        round_of(NUMBER, signature=SIGNATURE) | {"signature": "xyz"},
        round_of(NUMBER, signature=SIGNATURE) | {"more": "x" * 20_000},
    ],
)
def test_wrong_answers_are_none(servers, answer):
    servers[0].answer = servers[1].answer = answer
    with pytest.raises(beacons.BeaconUnreachable):
        beacons.fetch_randomness(NUMBER)


def test_two_answers_are_none(servers):
    servers[1].answer = round_of(NUMBER)
    with pytest.raises(beacons.BeaconUnreachable):
        beacons.fetch_randomness(NUMBER)


def test_server_that_is_down_or_drips_ends(servers, settings, monkeypatch):
    monkeypatch.setattr(beacons, "MOST_SECONDS", 0.2)
    servers[0].drips = True
    settings.EVENTLY_DRAND_SERVERS = (servers[0].url, "http://127.0.0.1:9")
    with pytest.raises(beacons.BeaconUnreachable):
        beacons.fetch_randomness(NUMBER)

from zoneinfo import ZoneInfo

import pytest

from evently.time_zones import known_timezones, place_of, time_zone_choices, zone_named


def names_in(choices):
    for name, label in choices:
        yield from ([name] if isinstance(label, str) else [name for name, _ in label])


def test_time_zones_are_known_by_name():
    assert {"Europe/Berlin", "Asia/Calcutta", "Asia/Kolkata", "UTC"} <= known_timezones()
    assert not {"", "Factory", "localtime", "Europe/Atlantis"} & known_timezones()


@pytest.mark.parametrize("name", ["", "Europe/Atlantis", "../../etc/passwd", "\x00", "localtime"])
def test_unknown_name_is_no_time_zone(name):
    assert zone_named(name) is None
    assert zone_named("Europe/Berlin") == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("current", ["", "UTC", "Europe/Berlin", "US/Pacific"])
def test_choices_have_each_name_once_and_the_current_one(current):
    names = list(names_in(time_zone_choices(current=current)))
    assert len(names) == len(set(names))
    assert set(names) <= known_timezones()
    assert {current or "UTC", "Pacific/Auckland"} <= set(names)
    assert ("US/Pacific" in names) == (current == "US/Pacific")


def test_places_read_as_words():
    assert place_of(ZoneInfo("America/New_York")) == "New York"
    assert place_of(ZoneInfo("America/Argentina/Buenos_Aires")) == "Buenos Aires"
    assert place_of(ZoneInfo("UTC")) == "UTC"
    america = dict(time_zone_choices())["America"]
    assert ("America/Argentina/Buenos_Aires", "Argentina, Buenos Aires") in america

"""Times of an account, in its owner's time zone."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.template import Context, Template

AT = datetime(2026, 12, 31, 20, 30, tzinfo=UTC)


def shown(zone, arguments=""):
    context = {"at": AT, "user": SimpleNamespace(timezone=zone), "now": AT}
    return Template(f"{{% own_when at {arguments} %}}").render(Context(context))


@pytest.mark.parametrize(
    ("zone", "style", "text"),
    [
        ("Pacific/Auckland", "short", "Fri 1 Jan, 09:30 NZDT"),
        ("Pacific/Auckland", "day", "Fri 1 January"),
        ("America/Los_Angeles", "short", "Thu 31 Dec, 12:30 PST"),
        ("Europe/Berlin", "long", "Thursday 31 December 2026, 21:30 CET"),
    ],
)
def test_time_is_in_the_zone_of_the_profile(zone, style, text):
    tag = shown(zone, f'"{style}"')
    assert f">{text}<" in tag
    assert "data-own-time" not in tag


@pytest.mark.parametrize("zone", ["", "Mars/Olympus"])
def test_time_without_a_zone_is_left_to_the_browser(zone):
    assert shown(zone) == (
        '<time datetime="2026-12-31T20:30:00+00:00" data-own-time="short">'
        "Thu 31 Dec, 20:30 UTC</time>"
    )


def test_zone_of_another_person_can_be_given():
    assert "Fri 1 Jan, 05:30 JST" in shown("Europe/Berlin", '"short" "Asia/Tokyo"')


def test_visitors_have_none():
    template = Template("{% own_when at %}{% own_when none %}")
    assert "20:30 UTC" in template.render(Context({"at": AT, "now": AT}))

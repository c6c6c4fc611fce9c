"""The format of times is the same everywhere."""

from datetime import UTC, datetime

from django.template import Context, Template
from django.utils.formats import localize


def test_times_use_the_24_hour_clock():
    at = datetime(2027, 5, 1, 19, 6, tzinfo=UTC)
    assert localize(at) == "1 May 2027, 19:06"
    assert (
        Template("{{ at }} {{ at|time }}").render(Context({"at": at})) == "1 May 2027, 19:06 19:06"
    )

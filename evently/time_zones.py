"""Time zones by name, as in the time zone database: Europe/Berlin."""

from collections.abc import Iterator
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

TIME_ZONE_HINT = "Enter a time zone such as Europe/Berlin."
LONGEST_NAME = 64
# Names in the time zone database that belong to no place.
NO_PLACES = frozenset({"localtime", "Factory"})
REGIONS = (
    "Africa",
    "America",
    "Antarctica",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)

Choices = Iterator[tuple[str, str | list[tuple[str, str]]]]


@cache
def known_timezones() -> frozenset[str]:
    """Return the names of all time zones; cached, as it reads the files of the database."""
    return frozenset(available_timezones() - NO_PLACES)


@cache
def time_zones_by_spelling() -> dict[str, str]:
    """Return the names of time zones by their case-folded spelling."""
    return {name.casefold(): name for name in known_timezones()}


def suggested_timezones() -> list[str]:
    """Return the names that the browser suggests."""
    return sorted(name for name in known_timezones() if "/" in name or name == "UTC")


def time_zone_choices(*, current: str = "") -> Choices:
    """Yield choices for a form, by region; current: a name that is among them in any case."""
    for region in REGIONS:
        names = sorted(name for name in known_timezones() if name.startswith(f"{region}/"))
        yield region, [(name, _label(name)) for name in names]
    if current and current.partition("/")[0] not in (*REGIONS, "UTC"):
        yield current, current
    yield "UTC", "UTC"


def _label(name: str) -> str:
    return name.partition("/")[2].replace("_", " ").replace("/", ", ")


def zone_in_words(name: str) -> str:
    """Return a time zone as a sentence names it: "Mexico City time"."""
    area, _, place = name.rpartition("/")
    return f"{place.replace('_', ' ')} time" if area and area != "Etc" else name


def zone_named(name: str) -> ZoneInfo | None:
    """Return a time zone; None for "", and for a name that is not known (any more)."""
    return ZoneInfo(name) if name in known_timezones() else None


def zone_or_utc(name: str) -> ZoneInfo:
    """Return a user's time zone, in which they read times of their account; UTC without one."""
    return zone_named(name) or ZoneInfo("UTC")


def place_of(zone: ZoneInfo) -> str:
    """Return the place that a time zone is named after: "Berlin", "New York"."""
    return zone.key.rpartition("/")[2].replace("_", " ")

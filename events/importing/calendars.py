"""Reads iCalendar files: splits them into entries, and names the time zones that these use.

Entries are kept as text until their turn comes, so that a large calendar needs little memory.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from evently.time_zones import known_timezones
from events.importing.files import NotImportable, Source, open_text

MOST_ENTRIES = 50_000
BEGIN = re.compile(r"BEGIN:\s*([A-Z-]+)\s*", re.IGNORECASE)
END = re.compile(r"END:\s*([A-Z-]+)\s*", re.IGNORECASE)
# A name before a colon or the parameters, on a line that is not the continuation of another.
PROPERTY = re.compile(r"([A-Za-z0-9-]+)((?:;[^:;=]+=(?:\"[^\"]*\"|[^\":;]*))*):(.*)", re.DOTALL)
ZONE_PARAMETER = re.compile(r';TZID=(?:"([^"]*)"|([^":;]*))', re.IGNORECASE)
ZONE_NAME = re.compile(r"^TZID(?:;[^:\r\n]*)?:.*$", re.MULTILINE | re.IGNORECASE)
# Begins the names of zones that a file defines.
DEFINED = "defined-"
# What the import uses. Other properties (who is invited, alarms, links to calls) are left out.
USED = frozenset(
    {"UID", "SUMMARY", "DESCRIPTION", "LOCATION", "CLASS", "STATUS"}
    | {"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"}
)
# Left out without a word, as they say nothing about an event.
BOOKKEEPING = frozenset(
    ["DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE", "TRANSP", "PRIORITY", "ACKNOWLEDGED"]
)


@dataclass
class Entry:
    """An event of a calendar, as text. line: where it begins.

    calendar_zone: the time zone that its calendar names for display, or "".
    """

    line: int
    text: str
    uid: str = ""
    calendar_zone: str = ""
    zone: str = ""
    starts_local: bool = False


@dataclass
class Calendar:
    """The entries of a file by UID, the time zones that it defines, and what is left out."""

    entries: dict[str, list[Entry]] = field(default_factory=dict)
    zones: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def needs_zone(self) -> bool:
        """Whether an entry has times for which the file names no known time zone."""
        return any(entry.starts_local for group in self.entries.values() for entry in group)


def read_calendar(source: Source) -> Calendar:
    """Read a file without interpreting its entries. Raises NotImportable."""
    calendar = Calendar()
    for kind, line, lines, calendar_zone in _blocks(source):
        if kind == "VTIMEZONE":
            _keep_zone(calendar, lines)
        elif kind == "VEVENT":
            entry = _entry(calendar, line, lines, calendar_zone)
            group = entry.uid or f"\x00{line}"
            calendar.entries.setdefault(group, []).append(entry)
            if len(calendar.entries) > MOST_ENTRIES:
                raise NotImportable(f"The file has more than {MOST_ENTRIES:,} events. Split it.")
        else:
            _count(calendar, kind)
    if not calendar.entries:
        raise NotImportable("This calendar has no events.")
    return calendar


def _blocks(source: Source) -> Iterator[tuple[str, int, list[str], str]]:
    """Yield components directly inside calendars: kind, line, unfolded lines, calendar's zone."""
    path: list[str] = []
    lines: list[str] = []
    first, zone = 0, ""
    for number, line in _content_lines(source):
        begun, ended = BEGIN.fullmatch(line), END.fullmatch(line)
        if begun is not None:
            path.append(begun[1].upper())
            if len(path) == 2:
                lines, first = [], number
        if len(path) == 1:
            zone = "" if begun is not None else _display_zone(line) or zone
        lines.append(line)
        if ended is not None and path:
            if len(path) == 2:
                yield path[1], first, lines, zone
            path.pop()
    if path:
        raise NotImportable("The file is cut off: its last entry has no end. Export it again.")


def _display_zone(line: str) -> str | None:
    """Return the time zone that a calendar names for display, on this line."""
    match = PROPERTY.fullmatch(line)
    if match is None or match[1].upper() != "X-WR-TIMEZONE":
        return None
    return known_zone(match[3].strip())


def _content_lines(source: Source) -> Iterator[tuple[int, str]]:
    """Yield lines with the folded ones joined, and the number of the first of each."""
    with open_text(source) as text:
        held, start = "", 0
        for number, raw in enumerate(text, start=1):
            line = raw.rstrip("\r\n")
            if number == 1:
                line = line.lstrip("\ufeff")
            if line[:1] in {" ", "\t"} and held:
                held += line[1:]
                continue
            if held:
                yield start, held
            held, start = line, number
        if held:
            yield start, held


def _keep_zone(calendar: Calendar, lines: list[str]) -> None:
    for line in lines:
        match = PROPERTY.fullmatch(line)
        if match is not None and match[1].upper() == "TZID":
            calendar.zones[match[3].strip()] = "\r\n".join(lines)


def _entry(calendar: Calendar, line: int, lines: list[str], calendar_zone: str) -> Entry:
    """Return an entry with the properties that are used, and its zones under their own names."""
    kept: list[str] = []
    entry = Entry(line=line, text="", calendar_zone=calendar_zone)
    depth = 0
    for text in lines:
        depth += 1 if BEGIN.fullmatch(text) else 0
        match = PROPERTY.fullmatch(text)
        name = match[1].upper() if match is not None else ""
        if depth == 1 and match is not None and name in USED:
            kept.append(_renamed_zone(text, match))
            if name == "UID":
                entry.uid = match[3].strip()
            elif name == "DTSTART":
                _note_zone(entry, match)
        elif depth == 1 and name and name not in BOOKKEEPING | {"BEGIN", "END"}:
            _count(calendar, name)
        depth -= 1 if END.fullmatch(text) else 0
    entry.text = "\r\n".join(["BEGIN:VEVENT", *kept, "END:VEVENT"])
    return entry


def _note_zone(entry: Entry, start: re.Match[str]) -> None:
    parameter = ZONE_PARAMETER.search(start[2])
    entry.zone = (known_zone(parameter[1] or parameter[2] or "") or "") if parameter else ""
    entry.starts_local = not (entry.zone or entry.calendar_zone)


def _renamed_zone(line: str, match: re.Match[str]) -> str:
    """Return a line that names a known time zone by its own name; Outlook has others."""
    parameter = ZONE_PARAMETER.search(match[2])
    zone = known_zone(parameter[1] or parameter[2] or "") if parameter else None
    if parameter is None or zone is None:
        return line
    return line.replace(parameter[0], f";TZID={zone}", 1)


def _count(calendar: Calendar, name: str) -> None:
    calendar.left_out[name] = calendar.left_out.get(name, 0) + 1


@lru_cache(maxsize=1024)
def known_zone(name: str) -> str | None:
    """Return the time zone that a name in a calendar means, or None.

    Names may be those of Windows ("W. Europe Standard Time"), or have a path before them
    ("/freeassociation.sourceforge.net/Europe/Berlin").
    """
    name = name.strip().strip('"')
    if name in known_timezones():
        return name
    if name in WINDOWS_TO_OLSON:
        return str(WINDOWS_TO_OLSON[name])
    parts = name.strip("/").split("/")
    for first in range(1, len(parts)):
        rest = "/".join(parts[first:])
        if "/" in rest and rest in known_timezones():
            return rest
    return None


def text_of(entries: list[Entry], zones: Mapping[str, str]) -> str:
    """Return a calendar of some entries, with the definitions of the zones that they name.

    A zone that the file defines is named by its definition, since icalendar remembers zones by
    name, also those of other files.
    """
    used: dict[str, str] = {}

    def renamed(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in zones or known_zone(name):
            return match[0]
        alias = DEFINED + sha256(zones[name].encode()).hexdigest()[:24]
        used[alias] = ZONE_NAME.sub(f"TZID:{alias}", zones[name], count=1)
        return f";TZID={alias}"

    body = "\r\n".join(ZONE_PARAMETER.sub(renamed, entry.text) for entry in entries)
    start = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Evently//Import//EN")
    return "\r\n".join([*start, *used.values(), body, "END:VCALENDAR", ""])

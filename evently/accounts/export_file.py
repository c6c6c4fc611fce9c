"""The file of an export: a ZIP with all data as JSON and as a page to read, in sealed parts."""

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string

from evently.accounts.export import add_cold_rows, cold_tables, export_of
from evently.accounts.models import DataExport, DataExportPart, User
from evently.database.snapshot import snapshot
from evently.formatting import moment, months
from evently.lifecycle import of_person
from evently.privacy.models import PersonKey
from evently.time_zones import zone_or_utc

PART_BYTES = 256 * 1024
FOLDER = "my-data"
ISO_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")
# What people look for comes first, all other sections by name.
FIRST = ("bookings", "tickets", "waitlist_entries", "promotions", "payments", "notifications")
# Names of sections and columns that read badly as they are.
WORDS = {
    "mails": "Emails",
    "check_ins": "Check-ins",
    "idempotency_keys": "Requests of your programs",
    "id": "ID",
    "person": "Account",
    "promotions": "Offers",
    "api_tokens": "API tokens",
    "totp_factors": "Authenticator apps",
    "event__name": "Event",
    "ip_address": "IP address",
    "user_agent": "Browser",
    "timezone": "Time zone",
    "notify_prefs": "Notification settings",
}


def data_of(user: User, *, insist: bool = False) -> dict[str, Any]:
    """Return all data about a user, as of one moment.

    Cold storage is read afterwards, as it was listed at that moment; no transaction is open then.
    insist: whether to refuse where it does not answer, in place of leaving months out.
    Raises ColdStorageUnreachable.
    """
    if user.key is None:
        raise ValueError("An erased user has no data.")
    with snapshot():
        data = export_of(user)
        listed = of_person.files_since(user.created_at, tables=cold_tables())
    found = of_person.rows_of(user.pk, user.key, listed, insist=insist)
    add_cold_rows(data, user, found)
    return data


def unread_months(data: dict[str, Any]) -> list[date]:
    """Return the first days of the months that could not be read for an export."""
    months = data["cold_storage"]["unread_months"]
    return [date.fromisoformat(f"{month}-01") for month in months]


def sealed_parts(data: dict[str, Any], export: DataExport, user: User) -> Iterator[DataExportPart]:
    """Yield the parts of the ZIP file, not yet inserted, as it is made.

    Sets `export.size_bytes` and `export.parts` once all were taken.
    """
    key = user.key
    if key is None:
        raise ValueError("An erased user has no data.")
    export.size_bytes = export.parts = 0
    for number, part in enumerate(_zipped(data, user)):
        export.size_bytes += len(part)
        export.parts = number + 1
        yield DataExportPart(
            export=export, user=user, number=number, sealed=key.seal_part(_of(export, number), part)
        )


def opened_parts(export: DataExport, key: PersonKey) -> Iterator[bytes]:
    """Yield the parts of a ready export. Raises SealBroken.

    One at a time, so that a large file takes little memory.
    """
    parts = DataExportPart.objects.filter(export_id=export.pk, user_id=export.user_id)
    for number in range(export.parts or 0):
        sealed = parts.filter(number=number).values_list("sealed", flat=True).get()
        yield key.open_part(_of(export, number), bytes(sealed))


def _of(export: DataExport, number: int) -> str:
    return f"export:{export.pk}:{number}"


class _Chunks:
    """A file that is only written, and taken away in parts."""

    def __init__(self) -> None:
        self._written = bytearray()
        self._position = 0

    def write(self, data: bytes) -> int:
        self._written += data
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        pass

    def seekable(self) -> bool:
        return False

    def take(self, least: int) -> Iterator[bytes]:
        """Yield what was written in parts of at least so many bytes; leave the rest."""
        while self._written and len(self._written) >= least:
            yield bytes(self._written[:PART_BYTES])
            del self._written[:PART_BYTES]


def _zipped(data: dict[str, Any], user: User) -> Iterator[bytes]:
    chunks: Any = _Chunks()
    members: tuple[tuple[str, Callable[[], Iterator[str]]], ...] = (
        (
            "README.txt",
            lambda: iter([render_to_string("accounts/export/readme.txt", _about(user, data))]),
        ),
        ("index.html", lambda: iter([_page(data, user)])),
        ("data.json", lambda: DjangoJSONEncoder(indent=2, ensure_ascii=False).iterencode(data)),
    )
    with zipfile.ZipFile(chunks, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, texts in members:
            with archive.open(f"{FOLDER}/{name}", "w") as member:
                for text in texts():
                    member.write(text.encode("utf-8", "replace"))
                    yield from chunks.take(PART_BYTES)
    yield from chunks.take(1)


def _about(user: User, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "site": settings.SITE_NAME,
        "url": settings.PUBLIC_URL,
        "name": user.name,
        "missing": months(unread_months(data)) if unread_months(data) else "",
    }


def _page(data: dict[str, Any], user: User) -> str:
    """Return the page to read."""
    shown = _Shown(data, zone_or_utc(user.timezone))
    sections: list[dict[str, Any]] = [
        {
            "name": name,
            "title": _words(name),
            "count": len(data[name]),
            "rows": map(shown.row, data[name]),
        }
        for name in sorted(data, key=lambda name: (name not in FIRST, name))
        if isinstance(data[name], list)
    ]
    return render_to_string(
        "accounts/export/page.html",
        {
            **_about(user, data),
            "exported_at": moment(data["exported_at"], shown.zone),
            "filled": [section for section in sections if section["count"]],
            "empty": [section for section in sections if not section["count"]],
            "person": shown.row(data["person"]),
        },
    )


class _Shown:
    """Rows as people read them: with the names of events instead of their ids."""

    def __init__(self, data: dict[str, Any], zone: ZoneInfo) -> None:
        self.zone = zone
        self._names: dict[str, str] = {}
        for rows in data.values():
            for row in rows if isinstance(rows, list) else ():
                if row.get("event__name"):
                    self._names[str(row["event_id"])] = row["event__name"]
                if row.get("booking_reference"):
                    self._names[str(row["id"])] = row["booking_reference"]

    def row(self, row: Any) -> list[tuple[str, str]]:
        """Return the columns of a row as words and texts, ids last; empty ones are left out."""
        columns = {
            name: self._names.get(text, text)
            for name, value in dict(row).items()
            if (text := _text(value, self.zone))
        }
        if "event__name" in columns:
            columns.pop("event_id", None)
        if columns.pop("id", None):
            columns["id"] = str(row["id"])
        return [(_words(name), text) for name, text in columns.items()]


def _words(name: str) -> str:
    return WORDS.get(name) or name.removesuffix("_id").replace("_", " ").strip().capitalize()


def _text(value: Any, zone: ZoneInfo) -> str:
    """Return a value as text; "" for one that is empty."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value, zone)
    if isinstance(value, str) and ISO_MOMENT.fullmatch(value):
        return _moment_in(value, zone)
    if isinstance(value, (list, tuple)):
        return ", ".join(filter(None, (_text(one, zone) for one in value)))
    if isinstance(value, dict):
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False) if value else ""
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _moment_in(text: str, zone: ZoneInfo) -> str:
    """Return a moment as people read it; text that only looks like one as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment(at, zone) if at.tzinfo else text

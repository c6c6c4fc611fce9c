"""Changed columns in words: labels, and values formatted as everywhere else."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.dateparse import parse_datetime

from evently.audit.described import EventFacts, described
from evently.audit.models import AuditLog
from evently.formatting import MISSING, moment, money
from evently.privacy.sealing import PREFIX

# Columns that say nothing to a person.
IGNORED = frozenset(
    {
        *("id", "event_id", "booking_id", "waitlist_id"),
        *("version", "session_version", "link_version", "updated_at", "created_at", "last_change"),
        *("idempotency_key", "source_key", "email_digest"),
    }
)
LONGEST = 200
UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@cache
def columns_of(table: str) -> dict[str, models.Field]:
    """Return the model fields of a table by column; {} if no model has it."""
    for model in apps.get_models():
        if model._meta.db_table.rpartition(".")[2].strip('"') == table:
            return {str(field.column): field for field in model._meta.concrete_fields}
    return {}


def values_of(
    entry: AuditLog, facts: EventFacts, names: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """Return the columns that a change shows: label, before, after."""
    before, after = entry.before or {}, entry.after or {}
    words = described(entry.table_name)
    if entry.action == AuditLog.Action.UPDATE:
        columns = sorted((before.keys() | after.keys()) - IGNORED)
    else:
        columns = [name for name in words.identifying if (before | after).get(name)]
    fields = columns_of(entry.table_name)
    old_zone, new_zone = facts.zones_around(entry.pk)
    old, new = replace(facts, zone=old_zone), replace(facts, zone=new_zone)
    values = [
        (
            words.labels.get(name) or label_of(name, fields.get(name)),
            in_words(before.get(name), fields.get(name), old, names),
            in_words(after.get(name), fields.get(name), new, names),
        )
        for name in columns
    ]
    return values + [(label, MISSING, value) for label, value in words.notes(after)]


def label_of(column: str, field: models.Field | None) -> str:
    """Return a column's label: its field's, without the "at" of a time."""
    name = column.removesuffix("_id") if field is None else str(field.verbose_name)
    return name.replace("_", " ").removesuffix(" at")


def in_words(
    value: Any, field: models.Field | None, facts: EventFacts, names: Mapping[str, str]
) -> str:
    if value is None or value in ("", [], {}):
        return MISSING
    if value == "[redacted]" or (isinstance(value, str) and value.startswith(PREFIX)):
        return "(hidden)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field is not None and field.flatchoices and not isinstance(value, (list, dict)):
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, models.DecimalField) and facts.currency:
        return money(Decimal(str(value)), facts.currency)
    if isinstance(field, models.DateTimeField) and isinstance(value, str):
        at = parse_datetime(value)
        return value if at is None else moment(at, facts.zone)
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{_plain(key)}: {_plain(item)}" for key, item in value.items())
    text = names.get(str(value)) or str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def people_in(entry: AuditLog) -> Iterator[str]:
    """Yield the ids in a row that may be those of people."""
    for record in (entry.before or {}, entry.after or {}):
        for value in record.values():
            if isinstance(value, str) and UUID_TEXT.fullmatch(value):
                yield value


def _plain(value: Any) -> str:
    """Return an item of a list or dictionary, whose names are those of the code."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("_", " ")

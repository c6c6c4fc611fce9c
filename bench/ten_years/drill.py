"""The restore drill: months come back as they left, and a damaged file does not."""

import json
from collections.abc import Iterator
from typing import Any

from bookings.models import ArchivedBooking
from evently.lifecycle import files
from evently.lifecycle.asking import ask
from evently.lifecycle.files import ColdFileDamaged
from evently.lifecycle.models import ColdFile, ColdState
from evently.lifecycle.restoring import problems, restore, rows_of

MONTHS = 3


class DrillFailed(AssertionError):
    """Something did not come back as it was."""


def drill() -> Iterator[str]:
    """Verify all files, restore some months, damage a file; yields a sentence for each.

    Raises DrillFailed.
    """
    if found := list(problems()):
        raise DrillFailed("; ".join(found))
    yield f"{ColdFile.objects.count():,} files have their checksums and signatures"
    stored = ColdFile.objects.filter(table_name="bookings_archive", state=ColdState.STORED)
    for cold in stored.order_by("-month")[:MONTHS]:
        yield _restored(cold)
    if ask("SELECT id FROM bookings_archive WHERE event_id IS NULL OR ended_at IS NULL"):
        raise DrillFailed("restored bookings lack their event")
    last = stored.order_by("month").first()
    if last is not None:
        yield _damaged(last)


def _restored(cold: ColdFile) -> str:
    """Restore one file, and compare each column of each row."""
    kept = {row["id"]: row for row in rows_of(cold)}
    restore(cold)
    rows = ask(
        "SELECT to_jsonb(b)::text FROM bookings_archive b WHERE id = ANY(%s::uuid[])", list(kept)
    )
    back: dict[str, dict[str, Any]] = {row["id"]: row for row in map(json.loads, rows)}
    if back != kept:
        raise DrillFailed(f"{cold.name} came back in another form")
    amount = sum(ArchivedBooking.objects.filter(pk__in=kept).values_list("total_amount", flat=True))
    return f"{cold.month:%Y-%m}: {len(back):,} bookings for {amount} restored, each as it left"


def _damaged(cold: ColdFile) -> str:
    """Change one byte of a file, to see it refused, and change it back."""
    storage = files.cold_storage()
    with storage.open(cold.name) as file:
        content = file.read()
    for damaged in (content[:-9] + bytes([content[-9] ^ 1]) + content[-8:], content):
        path = storage.path(cold.name)
        with open(path, "wb") as file:  # noqa: PTH123 - as anyone could
            file.write(damaged)
        if damaged is content:
            break
        try:
            restore(cold)
        except ColdFileDamaged as refusal:
            text = refusal.text
        else:
            raise DrillFailed(f"{cold.name} was restored although it was damaged")
    return f"a changed byte is noticed: {text}"

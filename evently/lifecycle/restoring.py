"""Restoring files of cold storage into the database for a while, or into a file."""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from evently.audit.context import stamp
from evently.database.ids import uuid7
from evently.errors import Conflict
from evently.lifecycle import files
from evently.lifecycle.cold import LONG
from evently.lifecycle.failures import ColdFileDamaged
from evently.lifecycle.files import Line
from evently.lifecycle.models import ColdFile, ColdState
from evently.privacy.models import PersonKey


class NotRestorable(Conflict):
    """The rows cannot be inserted: their table is written by triggers only, or refers to others."""

    code = "not_restorable"


def chosen_files(
    *, table: str = "", month: date | None = None, ids: Iterable[UUID] = ()
) -> QuerySet[ColdFile]:
    """Return the files in cold storage of a table, of a month, or by their ids; oldest first."""
    found = ColdFile.objects.exclude(state=ColdState.WRITING).order_by("month", "pk")
    if table:
        found = found.filter(table_name=table)
    if month is not None:
        found = found.filter(month=month)
    if wanted := list(ids):
        found = found.filter(pk__in=wanted)
    return found


def rows_of(cold: ColdFile) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file as dicts, with the texts of people who have a key.

    Raises ColdFileDamaged, ColdStorageUnreachable.
    """
    for line in files.read(cold):
        yield json.loads(line.row) | opened(cold.table_name, line)


def restore(cold: ColdFile) -> int:
    """Insert the rows of a file again, for RESTORED_FOR; return how many. The file stays.

    Raises ColdFileDamaged, ColdStorageUnreachable, NotRestorable.
    """
    given = f"[{','.join(_whole(cold, line) for line in files.read(cold))}]"
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{LONG}'")
            stamp(connection)
            cursor.execute("SELECT evently_restore_from_cold(%s, %s)", [cold.pk, given])
            ((restored,),) = cursor.fetchall()
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError as error:
        reason = str(error).splitlines()[0]
        raise NotRestorable(f"{cold.name} cannot be restored: {reason}.") from error
    return int(restored)


def opened(table: str, line: Line) -> dict[str, str]:
    """Return the sealed texts of a row by column; "" for a person whose key is destroyed."""
    if not line.sealed:
        return {}
    user_id = json.loads(line.row).get("user_id")
    key = PersonKey.objects.filter(user_id=user_id).first()
    return {
        column: (key and sealed and key.open("cold", sealed)) or ""
        for column, sealed in line.sealed.items()
    }


def _whole(cold: ColdFile, line: Line) -> str:
    """Return a row as JSON, its numbers as they were written, with its texts."""
    texts = opened(cold.table_name, line)
    return f"{line.row[:-1]}, {json.dumps(texts)[1:]}" if texts else line.row


def problems() -> Iterator[str]:
    """Check all files, and yield a sentence for each that is wrong or not in the list.

    Raises ColdStorageUnreachable.
    """
    known = set()
    for cold in chosen_files().iterator(chunk_size=100):
        known |= {cold.name, files.manifest_name(cold.name)}
        try:
            files.read(cold)
        except ColdFileDamaged as damage:
            yield damage.text
    known |= set(ColdFile.objects.filter(state=ColdState.WRITING).values_list("name", flat=True))
    for name in _stored(""):
        if name not in known and name.removesuffix(".json") not in known:
            yield (
                f"{name} is not in the list: a run that was killed has left it, or it belongs to "
                "another installation. If it does not, delete it."
            )


def try_out() -> None:
    """Write a small file, read it, list it and delete it: what cold storage must be able to do.

    Raises ColdFileDamaged, ColdStorageUnreachable.
    """
    folder, content = f"trial-{uuid7().hex}", b"A trial of cold storage. It can be deleted.\n"
    name = f"{folder}/trial.txt"
    storage = files.cold_storage()
    with files.answering():
        storage.save(name, ContentFile(content))
        with storage.open(name, "rb") as file:
            is_same = file.read() == content
        is_listed = name in _stored(folder)
        storage.delete(name)
        is_deleted = not storage.exists(name)
    if not is_same or not is_listed or not is_deleted:
        done = "read back" if not is_same else "list" if not is_listed else "delete"
        raise ColdFileDamaged(f"Cold storage does not {done} what was written.")


def _stored(folder: str) -> Iterator[str]:
    """Yield the names of all files in the storage."""
    try:
        with files.answering():
            folders, names = files.cold_storage().listdir(folder)
    except FileNotFoundError:
        return
    prefix = f"{folder}/" if folder else ""
    yield from (f"{prefix}{name}" for name in sorted(names))
    for each in sorted(folders):
        yield from _stored(f"{prefix}{each}")

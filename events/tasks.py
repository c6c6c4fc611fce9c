"""Imports of events, step by step in the background."""

import time
from uuid import UUID

from celery import shared_task

from evently.errors import DomainError
from events.import_models import ImportState
from events.importing import operations, queries

# Well below the time limit of tasks; what is left is taken up by the next one.
SECONDS_AT_ONCE = 90


@shared_task
def read_import(import_id: str) -> None:
    """Read an uploaded file into rows."""
    operations.read_import(import_id=UUID(import_id))


@shared_task
def apply_import(import_id: str) -> None:
    """Carry out an import, as far as it comes in a while."""
    end = time.monotonic() + SECONDS_AT_ONCE
    done = operations.continue_applying(
        import_id=UUID(import_id), until=lambda: time.monotonic() > end
    )
    if not done:
        apply_import.delay(import_id)


@shared_task
def continue_imports() -> None:
    """Take up imports whose task was lost, and delete uploads that were forgotten."""
    for import_id in queries.stalled_imports(ImportState.READING):
        read_import.delay(str(import_id))
    for import_id in queries.stalled_imports(ImportState.APPLYING):
        apply_import.delay(str(import_id))
    for import_id in queries.forgotten_imports():
        try:
            operations.discard_import(import_id=import_id)
        except DomainError:
            continue

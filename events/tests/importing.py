"""Importing files in tests."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from evently.accounts.factories import OrganizerFactory
from events.importing import operations, queries
from events.importing.files import file_source
from events.importing.plan import Plan
from events.importing.survey import answered, outcomes_of, survey

EVERY_REFUSAL = Path(__file__).parent / "data" / "every_refusal.csv"
NOW = datetime(2030, 1, 15, 12, 0, tzinfo=UTC)
EET = timezone(timedelta(hours=2))
BERLIN = {"now": NOW, "timezone": "Europe/Berlin"}
HEADER = "Subject,Start Date,Start Time,Location\n"


def read_all(path, **plan):
    """Return the candidate or refusal for each row."""
    source = file_source(path)
    found = survey(source)
    return list(outcomes_of(source, found, answered(found, Plan(**{**BERLIN, **plan}))))


def run(path, organizer=None, **plan):
    """Import a file; return the counts of its rows."""
    plan = Plan(**{**BERLIN, **plan})
    batch = operations.start_import(
        organizer_id=(organizer or OrganizerFactory()).pk,
        file_name=path.name,
        content=path.read_bytes(),
        plan=plan,
    )
    operations.read_import(import_id=batch.pk)
    if queries.counts_of(batch)["new"] + queries.counts_of(batch)["changed"]:
        operations.apply_import(import_id=batch.pk)
        assert operations.continue_applying(import_id=batch.pk)
    return queries.counts_of(batch) | {
        one["reason"]: one["number"] for one in queries.refusals_of(batch)
    }

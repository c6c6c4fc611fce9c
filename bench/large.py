"""Fill a database with a large installation: by default 1 million bookings of 100,000 events.

    python -m bench.large --bookings 1000000 --events 100000 [--names events.csv]

Fills the configured database, which must be migrated and empty; `fill()` does the same for other
benchmarks. By plain SQL, without triggers and foreign keys: the state of `bench/large.sql`, which
says who has how much. --names: a CSV file with the columns Subject, Location and Topic, to take
names and places of events from, over and over.
"""

import argparse
import csv
import os
import random
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.throwaway import connected

Connection = psycopg.Connection[Any]
# Name, venue and description of an event.
Texts = tuple[str, str, str]

STATEMENTS = Path(__file__).with_name("large.sql")
# Without triggers, which would check and log each row; but what is searched is theirs to fill.
KEPT_TRIGGERS = {"events": "trg_events_searched"}
# The tables that this trigger looks into, whose indexes stay.
SEARCHED = ("event_words", "search_words")
BOOKINGS_OF_A_USER = 20
FEWEST_USERS = 10_000

KINDS = ["Concert", "Festival", "Workshop", "Reading", "Exhibition", "Lecture", "Comedy night"]
THEMES = ["jazz", "pottery", "sourdough", "astronomy", "chess", "tango", "poetry", "gardens"]
PLACES = ["Old Mill", "Kongresshaus", "Salle Pleyel", "Town Hall", "Blue Note", "Rex cinema"]
CITIES = ["Zürich", "Köln", "København", "Łódź", "Ghent", "Bath", "Dublin", "Graz", "Oxford"]
SYLLABLES = ["ba", "cor", "di", "fen", "gar", "hol", "ka", "lu", "mon", "ner", "pol", "ris", "tal"]


def fill(database: Connection, *, bookings: int, events: int, names: Sequence[Texts] = ()) -> None:
    """Fill a migrated, empty database; Django must be set up, for the keys of users.

    database: the owner's connection, with autocommit. bookings: at least 20,000. events: at least
    1,000. names: of events, to be used over and over; by default they are made up.
    """
    database.execute("SET statement_timeout = 0; SET jit = off; SET work_mem = '256MB'")
    database.execute("SET maintenance_work_mem = '256MB'")
    database.execute(f"SET bench.bookings = {bookings:d}")
    database.execute(f"SET bench.events = {events:d}")
    _name_events(database, names or _made_up(events), events)
    make_people(database, max(bookings // BOOKINGS_OF_A_USER, FEWEST_USERS))
    with unguarded(database):
        for statement in STATEMENTS.read_text().split(";\n"):
            if statement.strip():
                database.execute(statement.encode())
    database.execute("VACUUM ANALYZE")


@contextmanager
def unguarded(database: Connection, *, small: bool = False) -> Iterator[None]:
    """Switch triggers, foreign keys and plain indexes off, as a bulk load does.

    small: only triggers, for few rows.
    """
    tables = [
        name
        for (name,) in database.execute(
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger JOIN pg_class ON"
            " pg_class.oid = tgrelid WHERE NOT tgisinternal AND NOT relispartition"
        ).fetchall()
    ]
    keys = database.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conparentid = 0"
    ).fetchall()
    for table, name, _ in () if small else keys:
        database.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'.encode())
    indexes = database.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " JOIN pg_class ON pg_class.oid = indexrelid WHERE NOT indisunique AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace AND indrelid <> ALL (%s::regclass[])",
        [list(SEARCHED)],
    ).fetchall()
    for name, _ in () if small else indexes:
        database.execute(f"DROP INDEX {name}".encode())
    for table in tables:
        database.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
    for table, trigger in KEPT_TRIGGERS.items():
        database.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}".encode())
    yield
    for _, definition in () if small else indexes:
        # Of a partitioned table, with those of its partitions.
        database.execute(definition.replace(" ON ONLY ", " ON ").encode())
    for table in tables:
        database.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER".encode())
    for table, name, definition in () if small else keys:
        database.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}'.encode())


def _made_up(events: int) -> list[Texts]:
    chance = random.Random(19)
    rare = ["".join(chance.choices(SYLLABLES, k=4)) for _ in range(30_000)]
    return [
        (
            f"{chance.choice(rare).title()} {theme} {chance.choice(KINDS)}",
            f"{chance.choice(PLACES)}, {chance.choice(CITIES)}",
            f"An evening of {theme} with {' '.join(chance.choices(rare, k=12))}.",
        )
        for theme in chance.choices(THEMES, k=events)
    ]


def names_of(file: Path) -> list[Texts]:
    """Return names, venues and descriptions from a CSV file of events."""
    with file.open(newline="") as rows:
        return [
            (
                row["Subject"][:200],
                row["Location"] or "Online",
                f"A conference on {row['Topic']}, with talks and workshops, for everyone.",
            )
            for row in csv.DictReader(rows)
        ]


def _name_events(database: Connection, names: Sequence[Texts], events: int) -> None:
    database.execute(
        "CREATE TEMP TABLE named (n int PRIMARY KEY, name text, venue text, description text)"
    )
    with database.cursor().copy("COPY named FROM STDIN") as copy:
        for n in range(events):
            name, venue, description = names[n % len(names)]
            again = n // len(names)
            copy.write_row((n, f"{name} {again + 1}" if again else name, venue, description))


def make_people(database: Connection, count: int) -> None:
    """Seal names and email addresses under a key each, as for real users."""
    from evently.database.ids import uuid7
    from evently.privacy.addresses import digest_of_address
    from evently.privacy.sealing import Purpose, new_key, seal_with, wrap

    database.execute(
        "CREATE TEMP TABLE person (n int, id uuid, email text, digest text, name text,"
        " recipient text, wrapped bytea, wrapping text)"
    )
    with database.cursor().copy("COPY person FROM STDIN") as copy:
        for n in range(count):
            user_id: uuid.UUID = uuid7()
            key, address = new_key(), f"person{n}@example.org"
            wrapped, wrapping = wrap(key, user_id=user_id)
            texts: dict[Purpose, str] = {"email": address, "name": f"Person {n}"}
            sealed = {
                purpose: seal_with(key, user_id=user_id, purpose=purpose, text=text)
                for purpose, text in {**texts, "recipient": address}.items()
            }
            copy.write_row(
                (
                    n,
                    user_id,
                    sealed["email"],
                    digest_of_address(address),
                    sealed["name"],
                    sealed["recipient"],
                    wrapped,
                    wrapping,
                )
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bookings", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--names", type=Path)
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
    import django
    from django.db import connections

    django.setup()
    start = time.perf_counter()
    parameters = connections["owner"].get_connection_params()
    parameters = {name: value for name, value in parameters.items() if name in CONNECTING}
    with connected(**parameters) as database:
        names = names_of(asked.names) if asked.names else ()
        fill(database, bookings=asked.bookings, events=asked.events, names=names)
    print(f"{asked.bookings:,} bookings, {time.perf_counter() - start:.0f} s")
    return 0


CONNECTING = ("dbname", "user", "password", "host", "port")

if __name__ == "__main__":
    raise SystemExit(main())

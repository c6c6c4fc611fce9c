"""Every write and lock of a row that belongs to an event names the event (docs/adr/0003).

While tests run, each statement of the application is looked at, and one that changes, deletes or
locks rows of an event without `event_id` in its WHERE fails on the spot: on many machines it would
have to ask all of them. What tests, factories and migrations write themselves is theirs.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from django.apps import apps
from django.db.backends.utils import CursorWrapper

from evently.database.models import EventOwned
from evently.environment import BASE_DIR

WRITE = re.compile(
    r'\b(?:UPDATE|DELETE FROM)\s+(?:ONLY\s+)?"?(?:public"?\."?)?(\w+)"?', re.IGNORECASE
)
LOCK = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+)?UPDATE\b", re.IGNORECASE)
SOURCE = re.compile(r'\bFROM\s+"?(\w+)"?', re.IGNORECASE)
WHERE = re.compile(r"\bWHERE\b(.*)", re.IGNORECASE | re.DOTALL)
EVENT = re.compile(r"\bevent_id\b", re.IGNORECASE)

# Code whose statements are not looked at. A migration changes the rows of all events.
FOLDERS = {"tests", "migrations"}
FILES = ("factories.py", "conftest.py", "migrate.py")


class EventNotNamed(AssertionError):
    """A statement would search all machines for rows of one event."""


@cache
def owned_tables() -> frozenset[str]:
    """Return the tables whose rows belong to one event each."""
    return frozenset(
        model._meta.db_table for model in apps.get_models() if issubclass(model, EventOwned)
    )


@lru_cache(maxsize=5_000)
def tables_without_event(statement: str) -> set[str]:
    """Return the event-owned tables that a statement writes or locks without naming the event."""
    touched = {table.lower() for table in WRITE.findall(statement)}
    if LOCK.search(statement):
        touched |= {table.lower() for table in SOURCE.findall(statement)}
    touched &= owned_tables()
    where = WHERE.search(statement)
    return set() if where and EVENT.search(where[1]) else touched


def is_of_a_test(frame: FrameType | None) -> bool:
    """Tell whether the nearest code of ours is a test's or a migration's, not the application's."""
    root = str(BASE_DIR)
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(root) and ".venv" not in path and path != __file__:
            relative = Path(path).relative_to(root)
            return bool(FOLDERS & set(relative.parts)) or relative.name in FILES
        frame = frame.f_back
    return False


@pytest.fixture(scope="session", autouse=True)
def every_write_names_its_event() -> Iterator[None]:
    """Look at each statement before it is sent."""
    real_one, real_many = CursorWrapper.execute, CursorWrapper.executemany

    def look_at(statement: Any) -> None:
        tables = tables_without_event(str(statement))
        if tables and not is_of_a_test(sys._getframe(2)):
            raise EventNotNamed(f"{', '.join(sorted(tables))} without event_id: {statement}")

    def execute(self: CursorWrapper, sql: Any, params: Any = None) -> Any:
        look_at(sql)
        return real_one(self, sql, params)

    def executemany(self: CursorWrapper, sql: Any, param_list: Any) -> Any:
        look_at(sql)
        return real_many(self, sql, param_list)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CursorWrapper, "execute", execute)
        patch.setattr(CursorWrapper, "executemany", executemany)
        yield

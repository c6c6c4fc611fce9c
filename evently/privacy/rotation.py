"""Rotation: users' keys are unwrapped with the key that wrapped them, and wrapped with the first.

In short transactions, by ranges of user ids. Killed at any point, the rotation has finished some
users and not touched the others. Two at once share the work: each skips what the other has locked.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count

from evently.audit.context import one_act, stamp
from evently.privacy.keys import ROTATION_BATCH
from evently.privacy.models import PersonKey
from evently.privacy.sealing import unwrap, wrap
from evently.privacy.signals import wrapped_elsewhere

# How often to come back for keys that another transaction had locked, and after which pause.
ROUNDS = 20
PAUSE_SECONDS = 0.5
SMALLEST = UUID(int=0)
REWRAP = """
    UPDATE keys.person_keys AS kept
    SET wrapped_key = made.wrapped_key, wrapping_key_name = %s
    FROM unnest(%s::uuid[], %s::bytea[]) AS made (user_id, wrapped_key)
    WHERE kept.user_id = made.user_id
    RETURNING kept.user_id, kept.wrapped_key
"""


class NotKept(Exception):
    """The database did not keep a rewrapped key as it was written; its batch is rolled back."""


@dataclass
class Rotation:
    """What a rotation has done.

    total: keys that another key wrapped at the beginning. rewrapped: how many are done. broken: the
    users whose keys cannot be unwrapped, which stay as they are. unknown: names of wrapping keys
    that EVENTLY_PII_KEYS lacks, with the number of users' keys. busy: keys that stayed locked.
    """

    total: int = 0
    rewrapped: int = 0
    broken: list[UUID] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    busy: int = 0

    @property
    def is_complete(self) -> bool:
        return not (self.broken or self.unknown or self.busy)


Watch = Callable[[Rotation], None]


def keys_in_use() -> dict[str, int]:
    """Return the names of all wrapping keys in use, with the number of users' keys of each."""
    rows = PersonKey.objects.order_by("wrapping_key_name").values_list("wrapping_key_name")
    return dict(rows.annotate(count=Count("pk")))


def also_wrapped() -> dict[str, list[str]]:
    """Return what else each wrapping key wraps, in words ("2 pending draws")."""
    found: dict[str, list[str]] = {}
    for _, answer in wrapped_elsewhere.send(sender=PersonKey):
        for name, words in answer.items():  # type: ignore[union-attr]
            found.setdefault(name, []).append(words)
    return found


def rotate_keys(
    *, batch: int = ROTATION_BATCH, dry_run: bool = False, watch: Watch = lambda done: None
) -> Rotation:
    """Rewrap all keys with the current wrapping key; can be stopped and run again.

    batch: keys in a transaction. dry_run: only unwrap them. watch: called after each batch.
    """
    with one_act():
        return _rotate(batch, dry_run, watch)


def _rotate(batch: int, dry_run: bool, watch: Watch) -> Rotation:
    done = Rotation()
    stale = _stale()
    done.unknown = {n: count for n, count in stale.items() if n not in settings.EVENTLY_PII_KEYS}
    done.total = sum(stale.values()) - sum(done.unknown.values())
    for left in reversed(range(1 if dry_run else ROUNDS)):
        for name in stale.keys() - done.unknown.keys():
            for _ in _batches(name, batch, dry_run, done):
                watch(done)
        if dry_run:
            break
        stale = _stale()
        known = sum(stale.values()) - sum(stale.get(name, 0) for name in done.unknown)
        done.busy = max(known - len(done.broken), 0)
        if not done.busy:
            break
        if left:
            time.sleep(PAUSE_SECONDS)
    return done


def _stale() -> dict[str, int]:
    current = next(iter(settings.EVENTLY_PII_KEYS))
    return {name: count for name, count in keys_in_use().items() if name != current}


def _batches(name: str, batch: int, dry_run: bool, done: Rotation) -> Iterator[None]:
    """Rewrap the keys that a wrapping key wrapped, in the order of their users."""
    after = SMALLEST
    while True:
        with transaction.atomic():
            if not dry_run:
                stamp(connection)
            rows = PersonKey.objects.filter(wrapping_key_name=name, user_id__gt=after)
            if not dry_run:
                rows = rows.select_for_update(skip_locked=True, no_key=True)
            found = list(rows.order_by("user_id")[:batch])
            opened = _unwrapped(found, done)
            if not dry_run:
                _rewrap(opened)
        # Counted once they are committed.
        done.rewrapped += len(opened)
        yield
        if len(found) < batch:
            return
        after = found[-1].user_id


def _unwrapped(rows: list[PersonKey], done: Rotation) -> dict[UUID, bytes]:
    opened = {}
    for row in rows:
        try:
            opened[row.user_id] = unwrap(
                row.wrapped_key, row.wrapping_key_name, user_id=row.user_id
            )
        except InvalidTag:
            if row.user_id not in done.broken:
                done.broken.append(row.user_id)
    return opened


def _rewrap(opened: dict[UUID, bytes]) -> None:
    """Store keys that are wrapped anew, and make sure that what is stored unwraps to them."""
    if not opened:
        return
    made = {user_id: wrap(key, user_id=user_id) for user_id, key in opened.items()}
    name = next(iter(settings.EVENTLY_PII_KEYS))
    with connection.cursor() as cursor:
        wrapped = [wrapped for wrapped, _ in made.values()]
        cursor.execute(REWRAP, [name, list(made), wrapped])
        stored = dict(cursor.fetchall())
    for user_id, key in opened.items():
        if user_id not in stored or unwrap(stored[user_id], name, user_id=user_id) != key:
            raise NotKept(f"The key of user {user_id} was not stored as it was written.")

"""Erasing again, in a restored backup, the people whom the register of erasures has."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import transaction

from boxoffice.lifecycle.operations.beyond import beyond_reach
from boxoffice.lifecycle.operations.deleting import remove_rows
from boxoffice.lifecycle.operations.erasing import erase_rows
from boxoffice.lifecycle.operations.held import give_back_all
from boxoffice.lifecycle.operations.people import OrganizerStays
from evently.accounts.locks import lock_user
from evently.accounts.models import User
from evently.erasure import restoring
from evently.erasure.models import Erasure, RegisterState
from evently.erasure.operations import Account, record_replayed
from evently.erasure.register import HEADER, Register, RegisterConflict, verified
from evently.errors import DomainError
from evently.privacy.keys import destroy_key
from evently.privacy.models import PersonKey
from evently.transactions import run_in_transaction

BATCH = 200

Entry = tuple[str, dict[str, Any]]


@dataclass
class Replay:
    """What a replay has done, or would do. failed: numbers of entries, with why."""

    entries: int = 0
    readable: int = 0
    erased: int = 0
    failed: dict[int, str] = field(default_factory=dict)


def replay_erasures(
    register: Register,
    *,
    dry_run: bool = False,
    accept_unknown_keys: bool = False,
    progress: Callable[[Replay], None] = lambda replay: None,
) -> Replay:
    """Erase again all people of a register who can be read; may be stopped and run again.

    No email is sent to them: their address was erased. Seats that they get back in the backup are
    offered to others. Each person is a transaction. Where all went well, the database counts as the
    original from then on, so that it may be served.
    progress: called after each batch.
    Raises RegisterBroken, RegisterConflict, RegisterUnreachable.
    """
    replay = Replay()
    header = register.line(HEADER)
    if header is None or RegisterState.objects.get().header not in ("", header):
        raise RegisterConflict("The register is that of another installation.")
    # Checked as a whole first: a register that was edited must not erase anyone.
    for line, entry in verified(register, accept_unknown_keys=accept_unknown_keys):
        replay.entries += 1
        _compare(line, int(entry["number"]))  # type: ignore[call-overload]
    entries = verified(register, accept_unknown_keys=accept_unknown_keys)
    while not replay.failed and (batch := list(islice(entries, BATCH))):
        _replay_batch(batch, replay, dry_run=dry_run)
        progress(replay)
    if not dry_run and not replay.failed:
        _settle(header, replay.entries)
    return replay


def settle_without_register() -> None:
    """Let a restored database be served though it has no register, since there never was one."""
    RegisterState.objects.update(home="", header="")
    restoring.adopt()


def _compare(line: str, number: int) -> None:
    ours = Erasure.objects.filter(number=number).values_list("line", flat=True).first()
    if ours not in (None, line):
        raise RegisterConflict(
            f"Entry {number} of the register is another one than the database's: it was written by "
            "a copy that was served before it was replayed."
        )


def _replay_batch(batch: Sequence[Entry], replay: Replay, *, dry_run: bool) -> None:
    ids = {UUID(str(entry["account"])) for _, entry in batch}
    readable = set(PersonKey.objects.filter(user_id__in=ids).values_list("user_id", flat=True))
    here = User.objects.filter(pk__in=ids)
    readable |= set(here.filter(deleted_at__isnull=True).values_list("pk", flat=True))
    to_delete = {
        UUID(str(entry["account"])) for _, entry in batch if entry["kind"] == Erasure.Kind.DELETED
    }
    readable |= set(here.filter(pk__in=to_delete).values_list("pk", flat=True))
    replay.readable += len(readable)
    if dry_run:
        return
    for line, entry in batch:
        user_id = UUID(str(entry["account"]))
        try:
            _replay_one(line, entry, is_readable=user_id in readable)
        except DomainError as refusal:
            replay.failed[entry["number"]] = refusal.text
            # What follows is recorded in order, so the rest waits for the next run.
            return
        replay.erased += user_id in readable
        readable.discard(user_id)


def _replay_one(line: str, entry: dict[str, Any], *, is_readable: bool) -> None:
    user_id = UUID(str(entry["account"]))

    def work() -> None:
        beyond = beyond_reach(user_id=user_id)
        counts: Counter[str] = Counter()
        if is_readable:
            counts = _erase_again(user_id, rows_too=entry["kind"] == Erasure.Kind.DELETED)
        record_replayed(entry, line, Account(counts, beyond))

    run_in_transaction(work)


def _erase_again(user_id: UUID, *, rows_too: bool) -> Counter[str]:
    """Erase a person, whatever they organize: it was done before, in the original."""
    user = User.objects.filter(pk=user_id).first()
    if user is not None and rows_too:
        try:
            with transaction.atomic():
                remove_rows(user_id, even_last_superuser=True)
            return Counter(rows_deleted=1)
        except OrganizerStays:
            pass
    if user is None or user.deleted_at is not None:
        # Only the key came back, from a backup of keys that is older than the data.
        return Counter(keys_destroyed=int(destroy_key(user_id=user_id)))
    counts = give_back_all(user_id)
    lock_user(user_id)
    return counts + erase_rows(user_id, even_last_superuser=True)


def _settle(header: str, entries: int) -> None:
    state = RegisterState.objects.get()
    RegisterState.objects.update(
        home=restoring.home() or state.home,
        header=header,
        written_number=min(max(state.written_number, entries), state.last_number),
        failing_since=None,
        problem="",
    )

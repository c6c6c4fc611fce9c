"""Writes of erasures, and writing their entries to the register."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db.models.functions import Coalesce, Greatest

from evently.database.clock import now
from evently.database.functions import Clock
from evently.database.ids import uuid7
from evently.erasure.models import Erasure, RegisterState
from evently.erasure.receipts import Beyond, payload_of
from evently.erasure.register import (
    HEADER,
    RegisterConflict,
    RegisterUnreachable,
    digest,
    the_register,
)
from evently.erasure.signing import content_of, sign_document, sign_line

LINES_AT_ONCE = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Account:
    """What a receipt says of an erasure beside its row.

    counts: by the names of `receipts.DONE`. key_due_at: until when the key is destroyed; None where
    nothing is left to do, so that the receipt is complete.
    """

    counts: Mapping[str, int]
    beyond: Sequence[Beyond]
    requested_at: datetime | None = None
    key_due_at: datetime | None = None


def open_erasure(
    account: Account,
    *,
    user_id: UUID,
    cause: Erasure.Cause,
    kind: Erasure.Kind = Erasure.Kind.ERASED,
) -> Erasure:
    """Record an erasure with its receipt, inside the caller's transaction.

    The caller enqueues `tasks.write_register`, which brings its entry to the register. Numbers are
    given one after the other, so the caller has taken all other locks before.
    """
    state = RegisterState.objects.select_for_update().get()
    erasure = Erasure(pk=uuid7(), user_id=user_id, kind=kind, cause=cause, erased_at=now())
    erasure.number = state.last_number + 1
    erasure.line = sign_line(
        {
            "number": erasure.number,
            "erasure": str(erasure.pk),
            "account": str(user_id),
            "kind": kind,
            "erased_at": erasure.erased_at.isoformat(timespec="seconds"),
            "previous": state.last_digest,
        }
    )
    if account.key_due_at is None:
        erasure.completed_at = erasure.erased_at
    _sign(erasure, account)
    erasure.save(force_insert=True)
    _advance(state, erasure)
    return erasure


def complete_erasure(locked_erasure: Erasure, account: Account) -> None:
    """Complete the receipt of an erasure now that the key is destroyed.

    When it was requested is what the receipt said before: an operator needs no request.
    """
    locked_erasure.completed_at = now()
    counts = Counter(locked_erasure.counts) + Counter(account.counts)
    requested = content_of(locked_erasure.document)["requested_at"]
    _sign(
        locked_erasure,
        Account(
            counts=counts,
            beyond=account.beyond,
            requested_at=datetime.fromisoformat(requested) if requested else None,
        ),
    )
    locked_erasure.save(update_fields=["completed_at", "counts", "document"])


def record_replayed(entry: Mapping[str, Any], line: str, account: Account) -> None:
    """Record an erasure that the register has and the database lacks, as done again now.

    entry, line: the next one that the database lacks. Inside the caller's transaction.
    """
    state = RegisterState.objects.select_for_update().get()
    if entry["number"] != state.last_number + 1:
        return
    erasure = Erasure(
        pk=UUID(str(entry["erasure"])),
        user_id=UUID(str(entry["account"])),
        kind=entry["kind"],
        cause=Erasure.Cause.REPLAY,
        erased_at=datetime.fromisoformat(str(entry["erased_at"])),
        completed_at=now(),
        number=entry["number"],
        line=line,
    )
    _sign(erasure, account)
    erasure.save(force_insert=True)
    _advance(state, erasure)


def _sign(erasure: Erasure, account: Account) -> None:
    erasure.counts = {what: count for what, count in account.counts.items() if count}
    erasure.document = sign_document(
        payload_of(
            erasure,
            counts=erasure.counts,
            beyond=account.beyond,
            requested_at=account.requested_at,
            key_due_at=account.key_due_at,
        )
    )


def _advance(state: RegisterState, erasure: Erasure) -> None:
    state.last_number, state.last_digest = erasure.number, digest(erasure.line)
    state.save(update_fields=["last_number", "last_digest"])


# ── The register ────────────────────────────────────────────────────────────
def adopt_register() -> None:
    """Make the header of this database's register, once, and write it where there is none.

    A register that has only a header, of a database that is gone, is taken over.
    Raises RegisterUnreachable, RegisterConflict.
    """
    register = the_register()
    theirs = register.line(HEADER)
    made = sign_line({"number": HEADER, "register": str(uuid7()), "previous": ""})
    RegisterState.objects.filter(header="").update(header=theirs or made)
    if theirs is None:
        register.write([(HEADER, RegisterState.objects.get().header)])


def write_entries() -> bool:
    """Write entries that the register lacks; return whether it has all of them now.

    No lock and no transaction is held while the register answers. Two processes at once write the
    same lines, which is the same as one. What fails stays due; `RegisterState.problem` says why.
    """
    while True:
        state = RegisterState.objects.get()
        if state.written_number >= state.last_number:
            if state.failing_since is not None:
                _note_problem("")
            return True
        if not _write_some(after=state.written_number):
            return False


def check_register() -> None:
    """Note where the register is not what the database knows of it: edited, truncated, or ahead."""
    state = RegisterState.objects.get()
    if not state.written_number:
        return
    register = the_register()
    last = Erasure.objects.get(number=state.written_number).line
    try:
        theirs = register.line(state.written_number)
        ahead = register.line(state.last_number + 1)
    except RegisterUnreachable as error:
        _note_problem(str(error))
        return
    if theirs is None or register.line(HEADER) is None:
        # Truncated, or replaced by an empty one: the database still has all lines.
        log.error("erasure_register_truncated", register=str(register))
        _write_some(after=0, whole=True)
    elif theirs != last:
        _note_problem(f"Entry {state.written_number} of the register differs from the database's.")
    elif ahead is not None:
        _note_problem("The register has entries that the database lacks.")
    elif state.problem:
        _note_problem("")


def _write_some(*, after: int, whole: bool = False) -> bool:
    """Write the next entries; return whether any of them is in the register now.

    whole: all of them, from the first one that it lacks.
    """
    register = the_register()
    entries = Erasure.objects.filter(number__gt=after).order_by("number")
    lines = list(entries.values_list("number", "line")[: None if whole else LINES_AT_ONCE])
    try:
        adopt_register()
        lines = [(HEADER, RegisterState.objects.get().header), *lines] if after == 0 else lines
        if not lines:
            return True
        last = register.write(lines)
        if last < lines[0][0] - 1:
            log.error("erasure_register_lacks_entries", register=str(register), last=last)
            return _write_some(after=last, whole=True)
    except (RegisterUnreachable, RegisterConflict) as error:
        log.error("erasure_register_not_written", error=str(error))
        _note_problem(str(error))
        return False
    written = min(last, lines[-1][0])
    RegisterState.objects.update(
        written_number=Greatest("written_number", written), failing_since=None, problem=""
    )
    return True


def _note_problem(problem: str) -> None:
    """Keep why the register cannot be written, and since when; "": it can again."""
    RegisterState.objects.update(
        problem=problem[:500],
        failing_since=Coalesce("failing_since", Clock()) if problem else None,
    )

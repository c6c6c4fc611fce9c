"""Whether this database was restored from a backup that has people in it who were erased since.

Two things tell: the register has entries that the database lacks; and the database says that it is
another one than it was (`RegisterState.home`), which a dump takes along. Asked at a start only.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import structlog
from django.apps import AppConfig
from django.core import checks
from django.db import DatabaseError, OperationalError, ProgrammingError, connection, transaction

from evently.erasure.models import Erasure, RegisterState
from evently.erasure.operations import adopt_register
from evently.erasure.register import (
    HEADER,
    Register,
    RegisterConflict,
    RegisterUnreachable,
    the_register,
)
from evently.formatting import counted
from evently.privacy.models import PersonKey

# The server's identity and that of the database: a restored copy has another one.
HOME = """
    SELECT c.system_identifier || '.' || d.oid FROM pg_control_system() c, pg_database d
    WHERE d.datname = current_database()
"""
REPLAY = "Run {command}, which erases them again."

log = structlog.get_logger(__name__)


def home() -> str:
    """Return which database this is; "" where the server does not tell."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(HOME)
            return str(cursor.fetchone()[0])
    except ProgrammingError:
        return ""


def adopt() -> None:
    """Remember which database this is, and begin its register, at the first start."""
    try:
        if RegisterState.objects.filter(home="").update(home=home()):
            adopt_register()
    except (DatabaseError, RegisterUnreachable, RegisterConflict) as error:
        log.warning("register_not_created", error=str(error))


def is_restored(state: RegisterState) -> bool:
    """Return whether the database says that it is a copy of another one."""
    here = home()
    return bool(state.home and here and state.home != here)


def problems(command: str) -> Iterator[str]:
    """Yield what keeps the database from being served. command: the one that replays."""
    try:
        state = RegisterState.objects.first()
    except ProgrammingError:
        state = None  # not migrated yet
    if state is None:
        return
    again = REPLAY.format(command=command)
    if count := _keys_of_erased():
        yield (
            f"The database has the keys of {counted(count, 'person', 'people')} who were erased: "
            f"they come from an older backup. {again}"
        )
        return
    register, restored = the_register(), is_restored(state)
    try:
        is_ours = _is_ours(register, state)
        ahead = is_ours and register.line(state.last_number + 1) is not None
        if is_ours and not restored and register.line(state.written_number) is None:
            log.error("erasure_register_lacks_entries", register=str(register))
    except RegisterUnreachable as error:
        if restored:
            yield (
                "This database was restored from a backup, and the register of erasures cannot be "
                f"read ({error}). Correct ERASURE_REGISTER. {again}"
            )
        else:
            log.warning("erasure_register_unreachable", error=str(error))
        return
    if ahead:
        yield (
            f"The register of erasures ({register}) has people whom this database does not know as "
            f"erased: it was restored from a backup. {again}"
        )
    elif restored and not is_ours:
        yield (
            "This database was restored from a backup, and there is no register of erasures of the "
            f"original at {register}. Set ERASURE_REGISTER to where it is, or copy the file there. "
            f"{again} If there never was one: {command} --no-register"
        )


def _is_ours(register: Register, state: RegisterState) -> bool:
    """Return whether a register is that of this database, or of the one that it is a copy of."""
    header = register.line(HEADER)
    return header is not None and header == (state.header or header)


def _keys_of_erased() -> int:
    done = Erasure.objects.filter(completed_at__isnull=False, kind=Erasure.Kind.ERASED)
    return PersonKey.objects.filter(user_id__in=done.values("user_id")).count()


@checks.register(checks.Tags.database)
def check_register(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Warn where the register lacks entries, or cannot be read."""
    if "default" not in (databases or []):
        return []
    try:
        state = RegisterState.objects.first()
        if state is None or not state.written_number:
            return []
        register, number = the_register(), state.written_number
        line = register.line(number)
        ours = Erasure.objects.get(number=number).line
    except (OperationalError, ProgrammingError):
        return []  # down, or not migrated yet
    except RegisterUnreachable as error:
        return [
            checks.Warning(f"The register of erasures cannot be read: {error}", id="evently.W010")
        ]
    if line == ours:
        return []
    text = (
        f"The register of erasures ({register}) lacks the entry {number}, which the database has: "
        "it was truncated, or is another one. With several machines, set ERASURE_REGISTER to one "
        "place for all. The entries are written again within an hour."
        if line is None
        else f"The register of erasures ({register}) has another entry {number} than the database: "
        "it was changed, or belongs to another installation."
    )
    return [checks.Warning(text, id="evently.W011")]

"""Migration operations that add a table to the audit log: `operations = [*audited("bookings")]`.

The migration depends on ("audit", "0001_audit_log"), which defines what the triggers write. They
run once per statement, so a change of ten thousand rows takes one pass.
"""

import re
from collections.abc import Sequence

from django.db.migrations.operations import RunSQL

# Maintained by triggers or the clock; a change of only these columns is not logged.
DERIVED = ("available_seats", "position", "updated_at")
# Logged as "[redacted]": the audit log cannot be cleaned.
REDACTED = (
    "password_hash",
    "digest",
    "email_digest",
    "mailbox",
    "secret",
    "wrapped_key",
    "ip_address",
    "user_agent",
)
ACTIONS = ("insert", "update", "delete")

_TRANSITIONS = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*")


def audited(
    table: str,
    *,
    ignore: Sequence[str] = (),
    redact: Sequence[str] = (),
    key: str = "id",
    actions: Sequence[str] = ACTIONS,
    unsigned_only: bool = False,
    when: str = "",
) -> list[RunSQL]:
    """Return the operations that add audit triggers to a table.

    table: its name, with the schema unless that is public. ignore: derived columns besides DERIVED.
    redact: columns besides REDACTED whose values must not be logged. key: the UUID column that
    identifies rows. actions: which of insert, update and delete to log. unsigned_only: only what
    the application has not signed, for tables that it writes too often to log. when: a condition of
    the triggers, for statements that write nothing that is logged.
    """
    target = ".".join(f'"{_identifier(part)}"' for part in table.split("."))
    arguments = ", ".join(
        f"'{argument}'"
        for argument in (
            _identifier(key),
            _array(dict.fromkeys([*DERIVED, *ignore])),
            _array(dict.fromkeys([*REDACTED, *redact])),
        )
    )
    conditions = [*(["NOT audit_signed()"] if unsigned_only else []), *([when] if when else [])]
    condition = f"WHEN ({' AND '.join(conditions)}) " if conditions else ""
    return [
        RunSQL(
            f"CREATE TRIGGER trg_audit_{action} AFTER {action.upper()} ON {target} "
            f"REFERENCING {_TRANSITIONS[action]} "
            f"FOR EACH STATEMENT {condition}EXECUTE FUNCTION audit_{action}({arguments})",
            f"DROP TRIGGER trg_audit_{action} ON {target}",
        )
        for action in actions
    ]


def audited_anew(
    table: str, *, ignore: Sequence[str] = (), redact: Sequence[str] = ()
) -> list[RunSQL]:
    """Return the operations that replace all three audit triggers of a table.

    For a new column whose name was added to REDACTED: what a trigger redacts is fixed when it is
    created.
    """
    new = audited(table, ignore=ignore, redact=redact)
    return [*(RunSQL(one.reverse_sql or "", one.sql) for one in new), *new]


def _array(names: dict[str, None]) -> str:
    return "{" + ",".join(_identifier(name) for name in names) + "}"


def _identifier(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} is not a plain name of a table or column.")
    return name

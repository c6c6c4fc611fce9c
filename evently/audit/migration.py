"""What a migration calls to have a table's changes kept: `operations = [*audited("bookings")]`.

The migration depends on ("audit", "0001_audit_log"). The triggers run once per statement, so a
change of ten thousand rows costs one pass; see the migration for what they write.
"""

import re
from collections.abc import Sequence

from django.db.migrations.operations import RunSQL

# Kept by triggers or by the clock; a change of these alone leaves no row.
DERIVED = ("available_seats", "position", "updated_at")
# Never copied into the trail, which cannot be cleaned: it says only that they changed.
REDACTED = (
    "password_hash",
    "digest",
    "email_digest",
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
) -> list[RunSQL]:
    """Return the operations that let the trail follow a table.

    table: its name, with its schema where that is not public. ignore: derived columns besides
    DERIVED. redact: columns besides REDACTED whose values must not be copied. key: the column
    that tells rows apart, a UUID; updates are followed by `id` only. actions: which of insert,
    update and delete are kept.
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
    return [
        RunSQL(
            f"CREATE TRIGGER trg_audit_{action} AFTER {action.upper()} ON {target} "
            f"REFERENCING {_TRANSITIONS[action]} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION audit_{action}({arguments})",
            f"DROP TRIGGER trg_audit_{action} ON {target}",
        )
        for action in actions
    ]


def _array(names: dict[str, None]) -> str:
    return "{" + ",".join(_identifier(name) for name in names) + "}"


def _identifier(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} is not a plain name of a table or column.")
    return name

"""For migrations: change which kinds of notification, and of templates, the database accepts.

A new kind in `notifications/kinds` needs a migration like this one:

    KINDS_BEFORE = (...)  # those of the latest such migration
    KINDS = (*KINDS_BEFORE, "the_new_kind")

    class Migration(migrations.Migration):
        atomic = False
        dependencies = [...]
        operations = allow_kinds(KINDS, before=KINDS_BEFORE)
"""

from collections.abc import Sequence

from django.db.migrations import RunSQL

CONSTRAINT = "chk_notification_type"
# By table: the constraint on `template_type`.
TEMPLATE_CONSTRAINTS = {
    "email_templates": "chk_template_type",
    "email_delivery_log": "chk_delivery_template",
}

# A string of several statements is one transaction. It locks the table and its partitions against
# everything, but reads no rows: new rows are checked at once, existing ones by VALIDATE.
SWAP = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE {table} DROP CONSTRAINT {constraint};
ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({column} IN ({names})) NOT VALID;
"""
# Reads all rows, and lets reading and writing go on.
VALIDATE = "ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}"


def allow_kinds(kinds: Sequence[str], *, before: Sequence[str]) -> list[RunSQL]:
    """Return the operations that replace the kinds allowed by `chk_notification_type`.

    before: the kinds that are allowed so far, for the way back. Use them in a migration with
    `atomic = False`: in one transaction, the first lock would last until all rows are checked.
    """
    return _allow("notifications", CONSTRAINT, "type", kinds, before)


def allow_template_types(
    table: str, types: Sequence[str], *, before: Sequence[str]
) -> list[RunSQL]:
    """Return the operations that replace the types of templates that a table allows.

    table: one of TEMPLATE_CONSTRAINTS. As `allow_kinds`.
    """
    return _allow(table, TEMPLATE_CONSTRAINTS[table], "template_type", types, before)


def _allow(
    table: str, constraint: str, column: str, names: Sequence[str], before: Sequence[str]
) -> list[RunSQL]:
    def swap(names: Sequence[str]) -> str:
        quoted = ", ".join(f"'{name}'" for name in names)
        return SWAP.format(table=table, constraint=constraint, column=column, names=quoted)

    validate = VALIDATE.format(table=table, constraint=constraint)
    return [
        # Backwards these run in reverse order, so each is the other's way back.
        RunSQL(swap(names), validate),
        RunSQL(validate, swap(before)),
    ]

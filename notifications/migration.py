"""For migrations: change which kinds of notification the database accepts.

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

# A string of several statements is one transaction. It locks the table and its partitions against
# everything, but reads no rows: new rows are checked at once, existing ones by VALIDATE.
SWAP = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE notifications DROP CONSTRAINT {constraint};
ALTER TABLE notifications ADD CONSTRAINT {constraint} CHECK (type IN ({kinds})) NOT VALID;
"""
# Reads all rows, and lets reading and writing go on.
VALIDATE = f"ALTER TABLE notifications VALIDATE CONSTRAINT {CONSTRAINT}"


def allow_kinds(kinds: Sequence[str], *, before: Sequence[str]) -> list[RunSQL]:
    """Return the operations that replace the kinds allowed by `chk_notification_type`.

    before: the kinds that are allowed so far, for the way back. Use them in a migration with
    `atomic = False`: in one transaction, the first lock would last until all rows are checked.
    """
    return [
        # Backwards these run in reverse order, so each is the other's way back.
        RunSQL(_swap(kinds), VALIDATE),
        RunSQL(VALIDATE, _swap(before)),
    ]


def _swap(kinds: Sequence[str]) -> str:
    names = ", ".join(f"'{kind}'" for kind in kinds)
    return SWAP.format(constraint=CONSTRAINT, kinds=names)

"""Replacing the key of analysts' pseudonyms, month by month."""

from django.db import connections, transaction


def rotate_pseudonyms(*, using: str = "default", at_once: bool = False) -> bool:
    """Destroy keys of earlier months, and make one for this month; return whether it was missing.

    at_once: destroy this month's key, too; only the owner of the database may.
    """
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        if at_once:
            # Under the same lock as the function, for the same reason.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('evently_rotate_pseudonyms'))")
            cursor.execute("TRUNCATE secrets.pseudonym_keys")
        cursor.execute("SELECT evently_rotate_pseudonyms()")
        return bool(cursor.fetchone()[0])

"""Users' keys, in a separate schema whose backups are kept apart, and only for a short time."""

from functools import cached_property

from django.conf import settings
from django.db import models

from evently.database.functions import Clock
from evently.privacy.sealing import (
    Purpose,
    open_part_with,
    open_with,
    seal_part_with,
    seal_with,
    unwrap,
)


class PersonKey(models.Model):
    """The key of one user; deleting the row makes everything sealed under it unreadable.

    There is no foreign key to users, so that one schema can be restored without the other; a
    trigger on users deletes the key with the row (`trg_user_key_destroyed`).
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        primary_key=True,
        db_constraint=False,
        related_name="person_key",
    )
    wrapped_key = models.BinaryField()
    # Which of EVENTLY_PII_KEYS wrapped it.
    wrapping_key_name = models.TextField()
    created_at = models.DateTimeField(db_default=Clock())

    class Meta:
        """Django leaves a quoted name as it is, which allows a table in another schema."""

        db_table = '"keys"."person_keys"'

    def __str__(self) -> str:
        """Return the user's id only: no personal data in logs."""
        return f"Key of {self.user_id}"

    @cached_property
    def _key(self) -> bytes:
        return unwrap(self.wrapped_key, self.wrapping_key_name, user_id=self.user_id)

    def seal(self, purpose: Purpose, text: str) -> str:
        """Return the text, sealed under this key.

        Raises AddressInvalid, NameInvalid.
        """
        return seal_with(self._key, user_id=self.user_id, purpose=purpose, text=text)

    def seal_part(self, of: str, data: bytes) -> bytes:
        """Return a part of a file, sealed under this key. of: what it is a part of, and which."""
        return seal_part_with(self._key, user_id=self.user_id, of=of, data=data)

    def open_part(self, of: str, sealed: bytes) -> bytes:
        """Return a part of a file. Raises SealBroken."""
        return open_part_with(self._key, user_id=self.user_id, of=of, sealed=sealed)

    @cached_property
    def _opened(self) -> dict[tuple[Purpose, str], str]:
        """What was opened before: pages and emails ask for the same again and again."""
        return {}

    def open(self, purpose: Purpose, sealed: str) -> str | None:
        """Return the sealed text, or None if it was tampered with."""
        if (known := self._opened.get((purpose, sealed))) is not None:
            return known
        text = open_with(self._key, user_id=self.user_id, purpose=purpose, sealed=sealed)
        if text is not None:
            self._opened[purpose, sealed] = text
        return text

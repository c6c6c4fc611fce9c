"""People's keys, in a schema of their own that is backed up apart and not for long."""

from functools import cached_property

from django.conf import settings
from django.db import models

from evently.database.functions import Clock
from evently.privacy.sealing import Purpose, open_with, seal_with, unwrap


class PersonKey(models.Model):
    """The key of one person; with this row, everything sealed under it is gone.

    No foreign key leads to the person, so that a restore of one schema does not need the other;
    triggers on users delete the key with the row (`trg_user_key_destroyed`).
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
        """Django takes a quoted name as it is, which is how it reaches another schema."""

        db_table = '"keys"."person_keys"'

    def __str__(self) -> str:
        """Name the person by id only."""
        return f"Key of {self.user_id}"

    @cached_property
    def _key(self) -> bytes:
        return unwrap(self.wrapped_key, self.wrapping_key_name, user_id=self.user_id)

    def seal(self, purpose: Purpose, text: str) -> str:
        """Return text sealed for this person.

        Raises AddressInvalid, NameInvalid.
        """
        return seal_with(self._key, user_id=self.user_id, purpose=purpose, text=text)

    def open(self, purpose: Purpose, sealed: str) -> str | None:
        """Return what was sealed, or None where it was tampered with."""
        return open_with(self._key, user_id=self.user_id, purpose=purpose, sealed=sealed)

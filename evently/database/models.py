"""Base models: ids by time, and rows that belong to one event."""

from collections.abc import Iterable
from typing import Any, Self

from django.db import models, router

from evently.database.functions import UuidV7
from evently.database.ids import uuid7


class Identified(models.Model):
    """A row with an id of its own, ordered by the time it was made."""

    id = models.UUIDField(primary_key=True, default=uuid7, db_default=UuidV7(), editable=False)

    class Meta:
        """Abstract: each table has its own id column."""

        abstract = True


class EventOwned(Identified):
    """A row of one event: every write and re-read of it names that event.

    On many machines the event decides where a row lies, so a statement that names only the
    row's own id would have to ask all of them (docs/adr/0003-event-owned-rows.md).
    """

    event_id: Any

    class Meta:
        """Abstract: the event is a foreign key of each table."""

        abstract = True

    def _event(self) -> dict[str, Any]:
        """What a statement on this row adds to its WHERE."""
        return {"event_id": self.event_id}

    def _do_update(self, base_qs: models.QuerySet[Self], *args: Any, **kwargs: Any) -> Any:
        """Write the row, in its own event. Arguments differ between versions of Django."""
        return super()._do_update(base_qs.filter(**self._event()), *args, **kwargs)

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Any] | None = None,
    ) -> None:
        """Read the row again, from its own event."""
        queryset = type(self)._base_manager.all() if from_queryset is None else from_queryset
        super().refresh_from_db(using, fields, queryset.filter(**self._event()))

    def delete(
        self, using: str | None = None, keep_parents: bool = False
    ) -> tuple[int, dict[str, int]]:
        """Delete the row, and by the database's cascades whatever hangs on it."""
        database = using or router.db_for_write(type(self), instance=self)
        rows = type(self)._base_manager.using(database)
        count = rows.filter(pk=self.pk, **self._event())._raw_delete(database)
        return count, {self._meta.label: count}

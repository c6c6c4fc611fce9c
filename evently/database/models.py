"""Base models: rows with ids ordered by time, and rows that belong to one event."""

from collections.abc import Iterable
from typing import Any, Self

from django.db import models, router
from django.utils.text import capfirst

from evently.database.functions import UuidV7
from evently.database.ids import uuid7


class Identified(models.Model):
    """A row with an id that is ordered by the time of creation."""

    id = models.UUIDField(primary_key=True, default=uuid7, db_default=UuidV7(), editable=False)

    class Meta:
        abstract = True


class EventOwned(Identified):
    """A row of one event: every UPDATE, DELETE and refresh also filters by that event.

    When tables are sharded by event, a statement that names only the row's own id would have to
    visit all shards (docs/adr/0003-event-owned-rows.md).
    """

    event_id: Any

    class Meta:
        abstract = True

    def __str__(self) -> str:
        """Return what it is, for titles of pages; no ids and no personal data."""
        return capfirst(str(self._meta.verbose_name))

    def _event(self) -> dict[str, Any]:
        return {"event_id": self.event_id}

    def _do_update(self, base_qs: models.QuerySet[Self], *args: Any, **kwargs: Any) -> Any:
        """Update the row, in its own event. The arguments differ between versions of Django."""
        return super()._do_update(base_qs.filter(**self._event()), *args, **kwargs)

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Any] | None = None,
    ) -> None:
        """Reload the row, from its own event."""
        queryset = type(self)._base_manager.all() if from_queryset is None else from_queryset
        super().refresh_from_db(using, fields, queryset.filter(**self._event()))

    def delete(
        self, using: str | None = None, keep_parents: bool = False
    ) -> tuple[int, dict[str, int]]:
        """Delete the row; the database's foreign keys delete what depends on it."""
        database = using or router.db_for_write(type(self), instance=self)
        rows = type(self)._base_manager.using(database)
        count = rows.filter(pk=self.pk, **self._event())._raw_delete(database)
        return count, {self._meta.label: count}


class Organized(EventOwned):
    """A row of one event that bears the event's organizer, for policies, which read no other table.

    The database sets and keeps the column, whatever is written (`evently_organizer_set`): it is
    None on a new instance, until that is read again.
    """

    organizer_id = models.UUIDField(editable=False)

    class Meta:
        abstract = True

"""Which time zone an event's times were shown in, at each change of its history."""

from uuid import UUID
from zoneinfo import ZoneInfo

from evently.audit.models import AuditLog
from events.models import Event


class ZoneHistory:
    """The time zones of an event, from its audit log; one query, mostly of no rows."""

    def __init__(self, event: Event) -> None:
        self.now = event.timezone
        self.changes: list[tuple[UUID, str, str]] = list(
            AuditLog.objects.filter(
                row_id=event.pk,
                table_name=Event._meta.db_table,
                action=AuditLog.Action.UPDATE,
                after__has_key="timezone",
            )
            .order_by("id")
            .values_list("id", "before__timezone", "after__timezone")
        )

    def around(self, entry: AuditLog) -> tuple[ZoneInfo, ZoneInfo]:
        """Return the time zones before and after a change."""
        for id_, old, new in self.changes:
            if id_ == entry.pk:
                return ZoneInfo(old), ZoneInfo(new)
            if id_ > entry.pk:
                return ZoneInfo(old), ZoneInfo(old)
        return ZoneInfo(self.now), ZoneInfo(self.now)

"""The admin of imports, complete: taking an import back needs to know of bookings."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from boxoffice.lifecycle import operations
from boxoffice.lifecycle.tasks import undo_import
from evently.admin.confirmation import confirmation_page, report_success
from evently.enqueue import enqueue_on_commit
from evently.formatting import counted
from events.admin.import_page import action_url, import_url
from events.admin.imports import EventImportAdminBase
from events.import_models import EventImport, ImportState
from events.importing import queries


@admin.register(EventImport)
class EventImportAdmin(EventImportAdminBase):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.undo_view)
        return [
            path("<path:object_id>/undo/", view, name="event_import_undo"),
            *super().get_urls(),
        ]

    def urls_of(self, batch: EventImport, counts: dict[str, int]) -> dict[str, str]:
        urls = super().urls_of(batch, counts)
        if batch.state == ImportState.APPLIED and counts["done_rows"]:
            urls["undo"] = action_url(batch, "undo")
        return urls

    def undo_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take an import back, after a confirmation."""
        batch = self.import_or_404(request, object_id)
        counts: dict[str, Any] = queries.counts_of(batch)

        def act() -> str:
            operations.undo_import(import_id=batch.pk)
            enqueue_on_commit(undo_import, str(batch.pk), str(request.user.pk))
            return report_success(request, "The import is being undone.", import_url(batch))

        return confirmation_page(
            self,
            request,
            title=f"Undo the import of {batch.file_name}?",
            question=(
                "The events that it made are deleted, and its changes reversed. Events that were "
                "booked, have people on their waitlist, or were edited since are kept and listed."
            ),
            facts=[("Imported", counted(counts["done_rows"], "event"))],
            submit="Undo the import",
            act=act,
            back=import_url(batch),
            danger=True,
        )

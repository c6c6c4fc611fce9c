"""The price history in the admin; read-only, as in the database."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from evently.admin.cells import names_of, when
from evently.audit.presenters import actor_in_words
from evently.formatting import money
from events.admin.rows import EventRowsAdmin, add_list
from events.models import PriceChange


@admin.register(PriceChange)
class PriceChangeAdmin(EventRowsAdmin):
    tab, heading = "prices", "Price history"
    list_display = ("applied", "event", "change", "reason", "by")
    list_display_links = None
    list_filter = ("applied_at",)
    ordering = ("-applied_at", "-id")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Replace user ids by names, in one query."""
        answer = super().changelist_view(request, extra_context)
        changes = getattr(answer, "context_data", {}).get("cl")
        if changes is not None:
            names = names_of({change.applied_by for change in changes.result_list})
            for change in changes.result_list:
                change.applied_by = actor_in_words(
                    change.applied_by,
                    via="",
                    signed=change.signed,
                    db_role=change.db_role,
                    names=names,
                )
        return answer

    @display(description="When", ordering="applied_at")
    def applied(self, change: PriceChange) -> SafeString:
        return when(change.applied_at, change.event.zone)

    @display(description="Price")
    def change(self, change: PriceChange) -> SafeString:
        return format_html(
            '{} <span class="ev-to">→</span> <strong>{}</strong>',
            money(change.old_price, change.event.currency),
            money(change.new_price, change.event.currency),
        )

    @display(description="By")
    def by(self, change: PriceChange) -> str:
        """Show the name of the person or of the rule."""
        return change.applied_by


add_list("Prices", "prices", "Price history", PriceChange, rank=10)

"""Erasures in the admin, for superusers: their receipts, and whether the register has them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from evently.accounts.admin import SuperusersOnly
from evently.admin.lists import ListedAdmin
from evently.erasure.models import Erasure, RegisterState
from evently.erasure.receipts import DONE, receipt_link


@admin.register(Erasure)
class ErasureAdmin(SuperusersOnly, ListedAdmin):
    """A list to look at; what it says is signed."""

    list_display = ("number", "user_id", "kind", "cause", "erased_at", "completed_at", "registered")
    list_filter = ("kind", "cause", "erased_at")
    list_per_page = 50
    sorted_by = ()
    ordering = ("-number", "-id")
    search_fields = ("user_id",)
    search_help_text = "The ID of an account"
    fields = (
        "number",
        "user_id",
        "kind",
        "cause",
        "erased_at",
        "completed_at",
        "done",
        "registered",
        "receipt",
    )
    readonly_fields = fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Erasure]:
        """Join how far the register is written, and why not further."""
        state = RegisterState.objects.all()
        rows: QuerySet[Erasure] = super().get_queryset(request)
        return rows.annotate(
            written=Subquery(state.values("written_number")),
            problem=Subquery(state.values("problem")),
        )

    @admin.display(description="in the register")
    def registered(self, obj: Any) -> str:
        if obj.number <= obj.written:
            return "Yes"
        return f"Not yet: {obj.problem}" if obj.problem else "Not yet"

    @admin.display(description="what was done")
    def done(self, obj: Erasure) -> SafeString:
        rows = ((text, obj.counts[what]) for what, text in DONE.items() if what in obj.counts)
        return format_html_join(mark_safe("<br>"), "{}: {}", rows)

    @admin.display(description="receipt")
    def receipt(self, obj: Erasure) -> SafeString:
        return format_html(
            '<a class="ev-link" href="{}">Show the receipt</a>', receipt_link(obj.pk)
        )

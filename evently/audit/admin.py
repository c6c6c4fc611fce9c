"""The audit log in the admin, read only; and the base class that attributes the admin's changes."""

import json
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import connection, models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from evently.admin.lists import ListedAdmin
from evently.audit import queries
from evently.audit.context import stamp
from evently.audit.models import AuditLog
from evently.audit.pages import history_context
from evently.privacy.sealing import PREFIX


class StampedAdmin(ListedAdmin):
    """A ModelAdmin whose saves and deletions appear in the audit log with their actor.

    Django's own admin log stays empty: it would store names in plain text, and the audit log holds
    more. Actions call operations, which stamp their transactions themselves.
    """

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Stamp the transaction, then save; inlines follow in the same transaction."""
        stamp(connection)
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        stamp(connection)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Stamp and delete in one transaction: Django opens none for the deletion action."""
        with transaction.atomic():
            stamp(connection)
            super().delete_queryset(request, queryset)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Write nothing: the audit log has it."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Write nothing: the audit log has it."""

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Write nothing: the audit log has it."""


class TableFilter(admin.SimpleListFilter):
    """Filters by table; the names come from the triggers, without reading the audit log."""

    title = "table"
    parameter_name = "table"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in queries.audited_tables()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(table_name=self.value()) if self.value() else queryset


@admin.register(AuditLog)
class AuditLogAdmin(ListedAdmin):
    """The audit log, searchable by the id of a row, event or actor; superusers only."""

    list_display = ("at", "table_name", "row_id", "action", "actor", "via", "what")
    list_filter = (TableFilter, "action", "via", "at")
    list_per_page = 50
    sorted_by = ()
    search_fields = ("row_id",)
    search_help_text = "The ID of a row, an event or the user who made the change"
    fields = (
        "at",
        "table_name",
        "row_id",
        "event_id",
        "action",
        "actor",
        "via",
        "request_id",
        "difference",
    )
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        """Add the list of rows; the page of its usual name shows acts."""
        view = self.admin_site.admin_view(self.rows_view)
        return [path("rows/", view, name="audit_auditlog_rows"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what was done, one line for each act."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return TemplateResponse(
            request,
            "admin/audit/everything.html",
            {
                **self.admin_site.each_context(request),
                **history_context(request),
                "opts": self.opts,
                "title": "Audit log",
                "rows_url": reverse("admin:audit_auditlog_rows"),
                **(extra_context or {}),
            },
        )

    def rows_view(self, request: HttpRequest) -> HttpResponse:
        """Show each changed row."""
        return super().changelist_view(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditLog], search_term: str
    ) -> tuple[QuerySet[AuditLog], bool]:
        """Match ids, and actors that are no users (a task's name, a database role), exactly."""
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            identifier = UUID(term)
        except ValueError:
            return queryset.filter(actor=term), False
        about = models.Q(row_id=identifier) | models.Q(event_id=identifier)
        return queryset.filter(about | models.Q(actor=str(identifier))), False

    @admin.display(description="changed")
    def what(self, obj: AuditLog) -> str:
        """Return the names of the columns that changed."""
        if obj.action != AuditLog.Action.UPDATE:
            return obj.get_action_display()
        return ", ".join(sorted(obj.after or {}))

    @admin.display(description="before and after")
    def difference(self, obj: AuditLog) -> SafeString:
        """Return an HTML table with one row per column."""
        before, after = obj.before or {}, obj.after or {}
        rows = format_html_join(
            "",
            "<tr><th scope='row'>{}</th><td><del>{}</del></td><td><ins>{}</ins></td></tr>",
            (
                (name, display_value(before, name), display_value(after, name))
                for name in sorted(before | after)
            ),
        )
        return format_html(
            "<table class='ev-table ev-difference'>"
            "<thead><tr><th>Column</th><th>Before</th><th>After</th></tr></thead>"
            "<tbody>{}</tbody></table>",
            rows,
        )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow superusers only: the audit log covers all organizers' events."""
        return bool(request.user.is_active and request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only triggers write the audit log."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def display_value(record: dict[str, Any], name: str) -> str:
    """Return a column's value as text, "" if the record lacks it; sealed values stay sealed."""
    if name not in record:
        return ""
    value = record[name]
    if isinstance(value, str):
        return "(sealed)" if value.startswith(PREFIX) else value
    return json.dumps(value, ensure_ascii=False, indent=2)

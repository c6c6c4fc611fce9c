"""What is kept how long, for organizers; and the list of cold storage, for superusers."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, Max, Min, Sum
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse

from evently.admin.lists import ListedAdmin
from evently.lifecycle.models import ColdFile, ColdState
from evently.lifecycle.notice import rule_groups
from evently.lifecycle.registry import kept


@admin.register(ColdFile)
class RetentionAdmin(ListedAdmin):
    """One page to look at, in place of a list."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_staff)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the registry, as docs/lifecycle.md does."""
        context = {
            **admin.site.each_context(request),
            "title": "What is kept how long",
            "groups": rule_groups(),
            "hour": f"{settings.LIFECYCLE_HOUR:02}",
            "kept": kept() if request.user.is_superuser else [],
            "cold": _cold() if request.user.is_superuser else [],
        }
        return TemplateResponse(request, "admin/lifecycle/retention.html", context)


def _cold() -> list[dict[str, Any]]:
    """Return what is in cold storage, by table: files, rows, size as texts, months."""
    found = (
        ColdFile.objects.exclude(state=ColdState.WRITING)
        .order_by("table_name")
        .values("table_name")
        .annotate(
            files=Count("pk"),
            rows_kept=Sum("rows"),
            size=Sum("bytes"),
            first=Min("month"),
            last=Max("month"),
        )
    )
    return [
        {
            **row,
            "files": f"{row['files']:,}",
            "rows_kept": f"{row['rows_kept']:,}",
            "size": filesizeformat(row["size"]),
        }
        for row in found
    ]

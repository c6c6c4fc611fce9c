"""The email templates in the admin, read only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from evently.admin.lists import ListedAdmin
from notifications.models import EmailTemplate


class ReadOnly(ListedAdmin):
    """Read-only rows, for superusers only, since they concern all users."""

    list_per_page = 50
    list_fullwidth = True

    # Operations write these rows; old ones are deleted with their partition or their user.
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


@admin.register(EmailTemplate)
class EmailTemplateAdmin(ReadOnly):
    list_display = ("template_type", "version", "is_active", "subject_template", "updated_at")
    list_filter = ("template_type", "is_active")
    ordering = ("template_type", "-version")
    fields = (
        "template_type",
        "version",
        "is_active",
        "subject_template",
        "html",
        "text",
        "placeholders",
        "created_at",
        "updated_at",
    )
    readonly_fields = fields

    @display(description="HTML")
    def html(self, obj: EmailTemplate) -> SafeString:
        return format_html('<pre class="ev-pre">{}</pre>', obj.html_template)

    @display(description="Text")
    def text(self, obj: EmailTemplate) -> SafeString:
        return format_html('<pre class="ev-pre">{}</pre>', obj.text_template)

    @display(description="Placeholders")
    def placeholders(self, obj: EmailTemplate) -> str:
        return ", ".join(f"{{{name}}}" for name in obj.variables)

"""Telling in the admin: what was told, every mail and what became of it, the templates."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from unfold.decorators import action, display

from evently.accounts.models import User
from evently.admin.cells import person, two_lines, when
from evently.admin.lists import ListedAdmin
from evently.errors import DomainError
from evently.formatting import moment
from notifications.models import EmailDelivery, EmailTemplate, Notification
from notifications.operations import resending

STATUS_COLOURS = {
    "Pending": "info",
    "Sent": "success",
    "Delivered": "success",
    "Failed": "danger",
    "Bounced": "danger",
}


class ReadOnly(ListedAdmin):
    """Rows that are looked at, not edited; for superusers, as they concern everybody."""

    list_per_page = 50
    list_fullwidth = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: operations write these rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: what was said stays as it was."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: old rows go with their partition, or with their person."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let superusers look."""
        return bool(request.user.is_active and request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the app to superusers."""
        return self.has_view_permission(request)


class ToldAdmin(ReadOnly):
    """What was told to one person each: found by their whole address."""

    # Django wants a field here to show the search.
    search_fields = ("user__email_digest",)
    search_help_text = "Whole address"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Bring the people's keys along, so that a page costs the same for 1 and for 50."""
        return super().get_queryset(request).select_related("user__person_key")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by the digest of a whole address."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(user__in=User.objects.with_address(term)), False

    @display(description="When", ordering="created_at")
    def created(self, obj: Any) -> SafeString:
        """Show when it was written."""
        return when(obj.created_at, get_current_timezone())

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def shown_status(self, obj: Any) -> str:
        """Return the status, coloured."""
        return str(obj.get_status_display())


@admin.register(Notification)
class NotificationAdmin(ToldAdmin):
    """What people were told."""

    list_display = ("created", "told", "type", "message", "shown_status", "read")
    list_filter = ("status", "type", "read", "created_at")
    ordering = ("-created_at", "-id")
    fields = (
        "id",
        "told",
        "event_id",
        "type",
        "message",
        "channels",
        "status",
        "sent_at",
        "delivered_at",
        "read",
        "created_at",
    )
    readonly_fields = fields

    @display(description="Who")
    def told(self, obj: Notification) -> SafeString | str:
        """Show whom."""
        return person(obj.user)


@admin.register(EmailDelivery)
class EmailDeliveryAdmin(ToldAdmin):
    """Every mail and what became of it; failed ones are sent again from here."""

    list_display = (
        "created",
        "template_type",
        "recipient",
        "shown_status",
        "tried",
        "error_message",
    )
    list_filter = ("status", "template_type", "provider", "created_at")
    ordering = ("-created_at", "-id")
    fields = (
        "id",
        "recipient",
        "template_type",
        "provider",
        "status",
        "send_attempts",
        "last_attempt_at",
        "next_attempt_at",
        "delivered_at",
        "error_message",
        "may_be_repeated",
        "metadata",
        "created_at",
    )
    readonly_fields = fields
    actions = ("send_again",)

    @display(description="Tried", ordering="last_attempt_at")
    def tried(self, obj: EmailDelivery) -> SafeString:
        """Show how often it was tried, and when last."""
        last = moment(obj.last_attempt_at, get_current_timezone())
        return two_lines(f"{obj.send_attempts}×", last)

    def has_send_again_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let those who see the log send mails again."""
        return self.has_view_permission(request)

    @action(description="Send failed mails again", permissions=["send_again"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[EmailDelivery]) -> None:
        """Start the selected failed mails again."""
        try:
            count = resending.resend_failed(delivery_ids=queryset.values_list("pk", flat=True))
        except DomainError as refusal:
            self.message_user(request, refusal.text, messages.ERROR)
            return
        if count:
            sentence = f"{count} failed mail{'' if count == 1 else 's'} will be sent again."
            self.message_user(request, sentence, messages.SUCCESS)
        else:
            self.message_user(request, "None of these mails had failed.", messages.WARNING)


@admin.register(EmailTemplate)
class EmailTemplateAdmin(ReadOnly):
    """The templates and their versions."""

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
        """Show the HTML with its line breaks."""
        return format_html('<pre class="ev-pre">{}</pre>', obj.html_template)

    @display(description="Text")
    def text(self, obj: EmailTemplate) -> SafeString:
        """Show the text with its line breaks."""
        return format_html('<pre class="ev-pre">{}</pre>', obj.text_template)

    @display(description="Placeholders")
    def placeholders(self, obj: EmailTemplate) -> str:
        """Name what may stand in it."""
        return ", ".join(f"{{{name}}}" for name in obj.variables)

"""The admin of notifications: notifications, the delivery log, the email templates."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from unfold.decorators import action, display

from evently.accounts.finding import find_people
from evently.accounts.models import User
from evently.admin.cells import person, two_lines, when
from evently.admin.lists import ListedAdmin
from evently.errors import DomainError
from evently.formatting import moment
from notifications.kinds import KIND_CHOICES
from notifications.models import EmailDelivery, EmailTemplate, Notification
from notifications.operations import resending

LABELS = dict(KIND_CHOICES)
STATUS_COLOURS = {
    "Pending": "info",
    "Held back": "warning",
    "Part of another email": "success",
    "Sent": "success",
    "Delivered": "success",
    "Failed": "danger",
    "Bounced": "danger",
}


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


class OfUserAdmin(ReadOnly):
    """Rows of one user each, found by the user's name or email address."""

    # Django shows the search only where there is a field.
    search_fields = ("user__email_digest",)
    search_help_text = "Name or email address"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Load the users' keys along, so that a page needs the same queries for 1 and for 50."""
        return super().get_queryset(request).select_related("user__person_key")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search by the full email address, or by words of name and email address."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if "@" in term and (exact := User.objects.with_address(term)).exists():
            return queryset.filter(user__in=exact), False
        return queryset.filter(user__in=find_people(User.objects.all(), term)), False

    @display(description="When", ordering="created_at")
    def created(self, obj: Any) -> SafeString:
        return when(obj.created_at, get_current_timezone())

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def status_label(self, obj: Any) -> str:
        return str(obj.get_status_display())


class KindFilter(admin.SimpleListFilter):
    title = "type"
    parameter_name = "type__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return KIND_CHOICES

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Notification]
    ) -> QuerySet[Notification]:
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Notification)
class NotificationAdmin(OfUserAdmin):
    list_display = ("created", "recipient", "kind", "message", "status_label", "read")
    list_filter = ("status", KindFilter, "read", "created_at")
    ordering = ("-created_at", "-id")
    fields = (
        "id",
        "recipient",
        "event_id",
        "kind",
        "message",
        "channels",
        "status",
        "sent_at",
        "delivered_at",
        "read",
        "created_at",
    )
    readonly_fields = fields

    @display(description="Recipient")
    def recipient(self, obj: Notification) -> SafeString | str:
        return person(obj.user)

    @display(description="type", ordering="type")
    def kind(self, obj: Notification) -> str:
        return LABELS.get(obj.type, obj.type)


@admin.register(EmailDelivery)
class EmailDeliveryAdmin(OfUserAdmin):
    """The log of all emails; failed ones can be sent again."""

    list_display = (
        "created",
        "template_type",
        "recipient",
        "status_label",
        "attempts",
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

    @display(description="Attempts", ordering="last_attempt_at")
    def attempts(self, obj: EmailDelivery) -> SafeString:
        last = moment(obj.last_attempt_at, get_current_timezone())
        return two_lines(f"{obj.send_attempts}×", last)

    def has_send_again_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request)

    @action(description="Send failed emails again", permissions=["send_again"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[EmailDelivery]) -> None:
        try:
            count = resending.resend_failed(delivery_ids=queryset.values_list("pk", flat=True))
        except DomainError as refusal:
            self.message_user(request, refusal.text, messages.ERROR)
            return
        if count:
            sentence = f"{count} failed email{'' if count == 1 else 's'} will be sent again."
            self.message_user(request, sentence, messages.SUCCESS)
        else:
            self.message_user(request, "None of these emails had failed.", messages.WARNING)


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

"""Emails in the admin: those of an event for its organizers, and all of them for superusers."""

from typing import Any
from uuid import UUID

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.contrib import admin, messages
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.clickjacking import xframe_options_sameorigin
from unfold.decorators import action, display

from bookings.models import Booking
from evently.admin.cells import two_lines, when
from evently.admin.confirmation import confirmation_page, report_success
from evently.admin.tabs import add_page, event_page_url, page_links
from evently.database.functions import Among, Ids
from evently.email_providers import name_in_words
from evently.errors import DomainError
from evently.formatting import moment
from events.admin.people import PeopleRowsAdmin
from events.admin.rows import add_list, event_of_list
from events.models import Event
from notifications.admin.email_page import copy_of, page_context, preview_of, zone_of
from notifications.admin.filters import (
    LABELS,
    EventFilter,
    KindFilter,
    StateSwitch,
    failed_emails_of,
)
from notifications.admin.providers import ProviderFilter, provider_rows
from notifications.admin.sender_domains import SenderDomainsPage
from notifications.admin.sending_again import in_words, level_of, send_failed_page
from notifications.admin.states import STATUSES
from notifications.failures import failure_in_words
from notifications.kinds import kinds_for_organizers
from notifications.models import DeliveryStatus, EmailDelivery
from notifications.operations import resending
from waitlists.models import WaitlistEntry

# The HTML of a preview may show styles, and load or run nothing.
PREVIEW_POLICY = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "frame-ancestors": [SELF],
    "base-uri": [NONE],
    "form-action": [NONE],
    "sandbox": [""],
}


@admin.register(EmailDelivery)
class EmailDeliveryAdmin(SenderDomainsPage, PeopleRowsAdmin):
    """Organizers see the emails about their events, but none that belong to an account."""

    tab, heading = "messages", "Emails"
    list_display = (
        "created",
        "event_link",
        "kind_in_words",
        "recipient",
        "state",
        "attempts",
        "problem",
        "again_link",
    )
    list_filter = (StateSwitch, KindFilter, ProviderFilter, EventFilter, "created_at")
    list_before_template = "admin/notifications/emails_above.html"
    ordering = ("-created_at", "-id")
    sorted_by = ("created",)
    actions = ("send_selected_again",)
    actions_detail = ("send_this_again",)
    change_form_after_template = "admin/notifications/email.html"
    fields = (
        "recipient",
        "booking_link",
        "kind_in_words",
        "event",
        ("state", "problem"),
        "sent_by",
    )
    readonly_fields = (*fields[:4], "state", "problem", "sent_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out what belongs to an account, except in a superuser's list of all emails."""
        rows = super().get_queryset(request)
        if not request.user.is_superuser or event_of_list(request) is not None:
            rows = rows.filter(kind__in=kinds_for_organizers())
        return rows.annotate(
            takes_part=Exists(_of_same_person(Booking)) | Exists(_of_same_person(WaitlistEntry)),
            booking=Subquery(
                _of_same_person(Booking).order_by("-created_at", "-pk").values("pk")[:1]
            ),
        )

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Leave out the event in a list of one event."""
        columns = super().get_list_display(request)
        if event_of_list(request) is not None:
            columns = [name for name in columns if name != "event_link"]
        return columns

    def matching(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> Q:
        """Also match the names of events, in a list of several."""
        found = super().matching(request, rows, term)
        if event_of_list(request) is None and "@" not in term:
            events = Event.objects.managed_by(request.user).filter(name__icontains=term)
            # As an array: for a subquery in an OR, PostgreSQL reads all emails.
            found |= Q(Among(F("event_id"), Ids(events.order_by().values("pk"))))
        return found

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show superusers how the providers do, above the list of all emails."""
        extra = dict(extra_context or {})
        if request.user.is_superuser and event_of_list(request) is None:
            rows = provider_rows()
            extra |= {"providers": rows, "any_down": any(row.is_down for row in rows)}
        return super().changelist_view(request, extra)

    def list_links(self, event: Event) -> list[tuple[str, str]]:
        """Link to sending all failed emails again, where there are any."""
        failed = failed_emails_of(event).exists()
        return page_links("Messages", event.pk) if failed else []

    def get_urls(self) -> list[URLPattern]:
        urls = [
            path(
                "<uuid:object_id>/preview/",
                self.admin_site.admin_view(self.preview_html),
                name="notifications_emaildelivery_preview",
            ),
            path(
                "<uuid:object_id>/copy/<uuid:copy_id>/",
                self.admin_site.admin_view(self.copy_html),
                name="notifications_emaildelivery_copy",
            ),
        ]
        return [*urls, *super().get_urls()]

    # ── Columns ─────────────────────────────────────────────────────────────
    @display(description="When", ordering="created_at")
    def created(self, email: EmailDelivery) -> SafeString:
        return when(email.created_at, zone_of(email))

    @display(description="Event")
    def event_link(self, email: EmailDelivery) -> SafeString | str:
        if email.event is None:
            return "–"
        return format_html(
            '<a class="ev-link" href="?event={}">{}</a>', email.event_id, email.event.name
        )

    @display(description="Email", ordering="kind")
    def kind_in_words(self, email: EmailDelivery) -> str:
        return LABELS.get(email.kind, email.get_template_type_display())

    @display(description="Recipient")
    def recipient(self, email: EmailDelivery) -> SafeString | str:
        """Return the name, and the address it went to for a person who has seats or waits."""
        is_known = vars(email).get("takes_part") or email.event_id is None
        address = (email.recipient or email.user.email) if is_known else ""
        name: SafeString | str = email.user.display_name
        if booking_id := vars(email).get("booking"):
            url = reverse("admin:bookings_booking_change", args=[booking_id])
            name = format_html('<a class="ev-link" href="{}">{}</a>', url, name)
        return two_lines(name, address)

    @display(description="Status", ordering="status", label=dict(STATUSES.values()))
    def state(self, email: EmailDelivery) -> str:
        return STATUSES[DeliveryStatus(email.status)][0]

    @display(description="Attempts", ordering="send_attempts")
    def attempts(self, email: EmailDelivery) -> SafeString:
        last = moment(email.last_attempt_at, zone_of(email))
        return two_lines(f"{email.send_attempts}×", last)

    @display(description="Booking")
    def booking_link(self, email: EmailDelivery) -> SafeString | str:
        booking_id = vars(email).get("booking")
        if booking_id is None:
            return "–"
        url = reverse("admin:bookings_booking_change", args=[booking_id])
        return format_html('<a class="ev-link" href="{}">Booking of this person</a>', url)

    @display(description="Handed over to")
    def sent_by(self, email: EmailDelivery) -> SafeString | str:
        return two_lines(name_in_words(email.provider), email.provider_message_id)

    @display(description="Why not")
    def problem(self, email: EmailDelivery) -> str:
        return failure_in_words(email.error_message) or "–"

    @display(description="Action")
    def again_link(self, email: EmailDelivery) -> SafeString | str:
        if email.status in resending.WAITING:
            return "–"
        return format_html(
            '<a class="ev-link" href="{}" aria-label="Send the email to {} again">Send again</a>',
            reverse("admin:notifications_emaildelivery_send_this_again", args=[email.pk]),
            email.user.display_name,
        )

    # ── Sending again ───────────────────────────────────────────────────────
    @admin.action(description="Send selected emails again")
    def send_selected_again(self, request: HttpRequest, queryset: QuerySet[EmailDelivery]) -> None:
        ids = list(queryset.order_by("pk").values_list("pk", flat=True))
        try:
            result = resending.send_again(delivery_ids=ids, by_id=_id_of(request))
        except DomainError as refusal:
            self.message_user(request, refusal.text, messages.ERROR)
            return
        self.message_user(request, in_words(result), level_of(result))

    @action(description="Send again", url_path="again", icon="forward_to_inbox")
    def send_this_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        email = self.get_object(request, object_id)
        if email is None:
            raise Http404
        back = request.GET.get("back", "")
        if not back.startswith("/admin/") or "//" in back:
            back = _list_url(email)

        def act() -> str:
            resending.send_one_again(delivery_id=email.pk, by_id=_id_of(request))
            return report_success(
                request, f"The email to {email.user.display_name} will be sent again.", back
            )

        return confirmation_page(
            self,
            request,
            title=f"Send this email to {email.user.display_name} again?",
            question=(
                f"“{self.kind_in_words(email)}” goes to "
                f"{email.user.email or 'a deleted account'}, with what is true now."
                if self._may_see_address(email)
                else "It goes to the person's current email address, with what is true now."
            ),
            submit="Send again",
            act=act,
            back=back,
        )

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Leave out sending again where the email is going to be sent anyway."""
        email = self.get_object(request, object_id)
        if email is None or email.status in resending.WAITING:
            return []
        return super().get_actions_detail(request, object_id)

    def _may_see_address(self, email: EmailDelivery) -> bool:
        return bool(vars(email).get("takes_part")) or email.event_id is None

    # ── One email ───────────────────────────────────────────────────────────
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what the email said, and what happened to it."""
        extra = dict(extra_context or {})
        email = self.get_object(request, object_id) if object_id else None
        if email is not None:
            extra |= page_context(request, email)
            extra["shows_address"] = self._may_see_address(email)
        return super().changeform_view(request, object_id, form_url, extra)

    @method_decorator(xframe_options_sameorigin)
    @method_decorator(csp(PREVIEW_POLICY))
    def preview_html(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        email = self.get_object(request, str(object_id))
        shown = preview_of(email) if email is not None else None
        if shown is None:
            raise Http404
        return HttpResponse(shown.html)

    @method_decorator(xframe_options_sameorigin)
    @method_decorator(csp(PREVIEW_POLICY))
    def copy_html(self, request: HttpRequest, object_id: UUID, copy_id: UUID) -> HttpResponse:
        email = self.get_object(request, str(object_id))
        shown = copy_of(email, copy_id) if email is not None else None
        if shown is None:
            raise Http404
        return HttpResponse(shown.html)


def _id_of(request: HttpRequest) -> UUID | None:
    return request.user.pk


def _of_same_person(model: Any) -> QuerySet[Any]:
    return model.objects.filter(event_id=OuterRef("event_id"), user_id=OuterRef("user_id"))


def _list_url(email: EmailDelivery) -> str:
    if email.event_id is None:
        return reverse("admin:notifications_emaildelivery_changelist")
    return event_page_url("messages", email.event_id)


add_list("Messages", "messages", "Emails", EmailDelivery)
add_page(
    "Messages",
    "send_failed_emails",
    "Send all failed again",
    view=send_failed_page,
    rank=50,
    listed=False,
)

__all__ = ["EmailDeliveryAdmin", "send_failed_page"]

"""Emails in the admin: those of an event for its organizers, and all of them for superusers."""

from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from unfold.decorators import action, display

from bookings.models import Booking
from bookings.references import beginning_with, is_reference
from evently.admin.cells import two_lines, when
from evently.admin.confirmation import confirmation_page, report_success
from evently.admin.tabs import add_page, event_page_url
from evently.database.functions import Among, Ids
from evently.email_providers import name_in_words
from events.admin.people import PeopleRowsAdmin
from events.admin.rows import add_list, event_of_list
from events.models import Event
from notifications.admin.banner import notices_of
from notifications.admin.email_page import zone_of
from notifications.admin.filters import (
    LABELS,
    EventFilter,
    KindFilter,
    ProviderFilter,
    ReturnFilter,
    StateSwitch,
    counts_of,
    selects_of,
)
from notifications.admin.one_email import EmailPage
from notifications.admin.providers import provider_rows
from notifications.admin.sender_domains import SenderDomainsPage
from notifications.admin.sending_again import (
    failed_url,
    progress_context,
    progress_of,
    send_failed_page,
    send_selected,
    shown_runs,
)
from notifications.admin.states import STATUSES
from notifications.failures import failure_in_words
from notifications.kinds import kinds_for_organizers
from notifications.models import DeliveryStatus, EmailDelivery
from notifications.operations import resending
from waitlists.models import WaitlistEntry

# Of which a search shows the emails: more have the same beginning of a reference.
MOST_BOOKINGS = 50


@admin.register(EmailDelivery)
class EmailDeliveryAdmin(SenderDomainsPage, EmailPage, PeopleRowsAdmin):
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
    list_filter = (
        StateSwitch,
        KindFilter,
        ProviderFilter,
        ReturnFilter,
        EventFilter,
        "created_at",
    )
    list_before_template = "admin/notifications/emails_above.html"
    ordering = ("-created_at", "-id")
    sorted_by = ("created",)
    search_help_text = "Name, email address or booking reference"
    actions = ("send_selected_again",)
    actions_detail = ("send_this_again",)
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
        """Also match booking references and, in a list of several, the names of events."""
        if is_reference(term):
            return self._of_booking(request, term)
        found = super().matching(request, rows, term)
        if event_of_list(request) is None and "@" not in term:
            events = Event.objects.managed_by(request.user).filter(name__icontains=term)
            # As an array: for a subquery in an OR, PostgreSQL reads all emails.
            found |= Q(Among(F("event_id"), Ids(events.order_by().values("pk"))))
        return found

    def _of_booking(self, request: HttpRequest, reference: str) -> Q:
        """Match the emails about the events of bookings to those who booked."""
        bookings = Booking.objects.filter(beginning_with(reference))
        if (event := event_of_list(request)) is not None:
            bookings = bookings.filter(event_id=event.pk)
        pairs = list(bookings.values_list("event_id", "user_id")[:MOST_BOOKINGS])
        found = [Q(event_id=event_id, user_id=user_id) for event_id, user_id in pairs]
        return reduce(or_, found, Q(pk__in=[]))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show above the list how many emails are in each state, and what is wrong."""
        extra, event = dict(extra_context or {}), event_of_list(request)
        if event is not None:
            extra["notices"] = notices_of(event)
        elif request.user.is_superuser:
            rows = provider_rows()
            extra |= {"providers": rows, "any_down": any(row.is_down for row in rows)}
        if event is not None or request.user.is_superuser:
            zone = event.zone if event is not None else get_current_timezone()
            extra |= progress_of(event, zone=zone)
        response = super().changelist_view(request, extra)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            context |= self._above(request, context["cl"], event)
        return response

    def _above(self, request: HttpRequest, cl: Any, event: Event | None) -> dict[str, Any]:
        """Return the context of what depends on the filters of a list."""
        (switch,) = (spec for spec in cl.filter_specs if isinstance(spec, StateSwitch))
        switch.counts = counts_of(cl.get_queryset(request, switch.expected_parameters()))
        found = selects_of(cl) | {"shown_links": list(switch.choices(cl))}
        links = []
        may_send = event is not None or request.user.is_superuser
        if may_send and switch.counts["failed"] != "0":
            links.append(("Send all failed again", failed_url(cl, event)))
        return found | {"list_links": links}

    def get_urls(self) -> list[URLPattern]:
        urls = [
            path(
                "send-failed/",
                self.admin_site.admin_view(self.send_failed),
                name="notifications_emaildelivery_send_failed",
            ),
            path(
                "run/<uuid:run_id>/",
                self.admin_site.admin_view(self.run_progress),
                name="notifications_emaildelivery_run",
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
    def attempts(self, email: EmailDelivery) -> str:
        return f"{email.send_attempts}×"

    @display(description="Booking")
    def booking_link(self, email: EmailDelivery) -> SafeString | str:
        booking_id = vars(email).get("booking")
        if booking_id is None:
            return "–"
        url = reverse("admin:bookings_booking_change", args=[booking_id])
        return format_html('<a class="ev-link" href="{}">Booking of this person</a>', url)

    @display(description="Provider")
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
    def send_selected_again(
        self, request: HttpRequest, queryset: QuerySet[EmailDelivery]
    ) -> HttpResponse | None:
        ids = queryset.order_by("pk").values_list("pk", flat=True)
        return send_selected(self, request, list(ids[: resending.MOST_EMAILS]))

    def send_failed(self, request: HttpRequest) -> HttpResponse:
        """Send all failed emails of the site again that the filters show."""
        if not request.user.is_superuser:
            raise Http404
        return send_failed_page(request)

    def run_progress(self, request: HttpRequest, run_id: UUID) -> HttpResponse:
        """Return the progress as a fragment; once the run is finished, the page is loaded again."""
        run = shown_runs().filter(pk=run_id).first()
        events = Event.objects.managed_by(request.user)
        event = events.filter(pk=run.event_id).first() if run is not None else None
        if run is None or (event is None and not request.user.is_superuser):
            raise Http404
        zone = event.zone if event is not None else get_current_timezone()
        context = progress_context(run, zone=zone)
        response = TemplateResponse(request, "admin/notifications/resend_run.html", context)
        if run.is_finished:
            response["HX-Refresh"] = "true"
        return response

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
                if self.may_see_address(email)
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

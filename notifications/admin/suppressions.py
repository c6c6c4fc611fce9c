"""The suppression list in the admin, for superusers: which addresses get no emails, and why."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from unfold.decorators import action, display

from evently.admin.cells import two_lines, when
from evently.admin.confirmation import confirmation_page, report_success
from evently.admin.switches import Switch, SwitchedAdmin
from evently.formatting import moment
from evently.privacy.addresses import digests_of_address
from notifications.admin.notifications import OfUserAdmin
from notifications.return_models import Release, Suppression, SuppressionReason
from notifications.returns import suppressing

COLORS = {
    SuppressionReason.HARD_BOUNCE.label: "danger",
    SuppressionReason.COMPLAINT.label: "warning",
    SuppressionReason.SOFT_BOUNCES.label: "warning",
}
# Shown before a release, as the address is told from the site's reputation by what happened to it.
CONSEQUENCES = {
    SuppressionReason.HARD_BOUNCE: (
        "Emails go to this address again. If it still does not exist, the next one comes back, "
        "which harms this site's reputation with mail servers."
    ),
    SuppressionReason.SOFT_BOUNCES: (
        "Emails go to this address again, and are counted from the start."
    ),
    SuppressionReason.COMPLAINT: (
        "Emails go to this address again, though its owner reported one as spam. Release it only "
        "if they have asked for that."
    ),
}


class StateSwitch(Switch):
    """Those that get no emails now, or all there were."""

    title = "addresses"
    options = (("suppressed", "Suppressed"), ("released", "Released"), ("all", "All"))

    def conditions(self) -> dict[str, Q]:
        return {
            "suppressed": Q(released_at__isnull=True),
            "released": Q(released_at__isnull=False),
        }


@admin.register(Suppression)
class SuppressionAdmin(SwitchedAdmin, OfUserAdmin):
    list_before_template = "admin/switch.html"
    list_display = ("created", "address_of", "why", "released", "release_link")
    list_filter = (StateSwitch, "reason", "created_at")
    ordering = ("-created_at", "-id")
    actions_detail = ("release_this",)
    search_help_text = "Name, or full email address"
    fields = ("address_of", "why", ("created", "released"), "emails")
    readonly_fields = (*fields[:2], "created", "released", "emails")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("released_by__person_key")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Also find an address that is no longer that of its account."""
        term = search_term.strip()
        if "@" in term:
            found = queryset.filter(address_digest__in=digests_of_address(term))
            if found.exists():
                return found, False
        return super().get_search_results(request, queryset, search_term)

    @display(description="Since", ordering="created_at")
    def created(self, obj: Suppression) -> SafeString:
        return when(obj.created_at, get_current_timezone())

    @display(description="Address")
    def address_of(self, obj: Suppression) -> SafeString | str:
        return two_lines(obj.address_in_full, obj.user.display_name)

    @display(description="Reason", ordering="reason", label=COLORS)
    def why(self, obj: Suppression) -> str:
        return SuppressionReason(obj.reason).label

    @display(description="Released", ordering="released_at")
    def released(self, obj: Suppression) -> SafeString | str:
        if obj.released_at is None:
            return "–"
        by = Release(obj.release).label
        if obj.release == Release.ADMIN and obj.released_by is not None:
            by = obj.released_by.display_name
        return two_lines(moment(obj.released_at, get_current_timezone()), by)

    @display(description="Action")
    def release_link(self, obj: Suppression) -> SafeString | str:
        if obj.released_at is not None:
            return "–"
        return format_html(
            '<a class="ev-link" href="{}" aria-label="Release {}">Release</a>',
            reverse("admin:notifications_suppression_release_this", args=[obj.pk]),
            obj.address_in_full,
        )

    @display(description="Emails")
    def emails(self, obj: Suppression) -> SafeString:
        url = reverse("admin:notifications_emaildelivery_changelist")
        return format_html(
            '<a class="ev-link" href="{}?show=failed&q={}">Show emails that failed</a>',
            url,
            obj.address_in_full,
        )

    @action(description="Release", url_path="release", icon="mark_email_read")
    def release_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        suppression = self.get_object(request, object_id)
        if suppression is None:
            raise Http404
        back = reverse("admin:notifications_suppression_changelist")

        def act() -> str:
            suppressing.release(suppression_id=suppression.pk, by_id=request.user.pk)
            return report_success(
                request, f"{suppression.address_in_full} gets emails again.", back
            )

        return confirmation_page(
            self,
            request,
            title=f"Send emails to {suppression.address_in_full} again?",
            question=CONSEQUENCES[SuppressionReason(suppression.reason)],
            submit="Release",
            act=act,
            back=back,
        )

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Leave out what was done already."""
        suppression = self.get_object(request, object_id)
        if suppression is None or suppression.released_at is not None:
            return []
        return super().get_actions_detail(request, object_id)

"""The page of one email: for an admin of emails, which decides who sees which."""

from typing import Any
from uuid import UUID

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.clickjacking import xframe_options_sameorigin
from unfold.admin import ModelAdmin

from notifications.admin.email_page import copy_of, page_context, preview_of
from notifications.models import EmailDelivery

# The HTML of a preview may show styles, and load or run nothing.
PREVIEW_POLICY = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "frame-ancestors": [SELF],
    "base-uri": [NONE],
    "form-action": [NONE],
    "sandbox": [""],
}


class EmailPage(ModelAdmin):
    """Adds what an email said and what happened to it to its page."""

    change_form_after_template = "admin/notifications/email.html"

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

    def may_see_address(self, email: EmailDelivery) -> bool:
        """Return whether the page shows the address: of people who have seats or wait."""
        return bool(vars(email).get("takes_part")) or email.event_id is None

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
            extra["shows_address"] = self.may_see_address(email)
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

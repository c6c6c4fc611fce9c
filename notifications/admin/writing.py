"""Messages to attendees in the admin: their list, and what can be done with each."""

from typing import Any
from uuid import UUID

from csp.constants import SELF
from csp.decorators import csp
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.clickjacking import xframe_options_sameorigin
from unfold.decorators import action
from unfold.enums import ActionVariant

from evently.admin.confirmation import confirmation_page, report_success
from evently.admin.tabs import event_page_url, tabs_context
from evently.formatting import counted, moment
from events.admin.rows import add_list
from events.models import Event
from notifications.admin.one_email import PREVIEW_POLICY
from notifications.admin.writing_columns import MessageColumns
from notifications.admin.writing_context import (
    HELD,
    facts_of,
    numbers_of,
    page_of,
    progress_context,
    reach_context,
    stopped_in_words,
    url_of,
)
from notifications.admin.writing_forms import TimeForm
from notifications.admin.writing_forms import suggested_time as time_to_suggest
from notifications.message_models import Hold, MessageState, OrganizerMessage
from notifications.writing import beginning, drafting, stopping
from notifications.writing.errors import MessageBegun
from notifications.writing.preview import preview_of
from notifications.writing.progress import is_moving, progress_of
from notifications.writing.trial import send_test

# What the organizer has at the top of the event's emails.
WITH_PICTURES = {**PREVIEW_POLICY, "img-src": [SELF, "data:"]}
AT_ITS_TIME = (
    "Those who are among the recipients at that time get it. If the event is cancelled before, or "
    "its time or place changes, the message is not sent: it becomes a draft again, to be checked."
)
# What can be done, by state.
POSSIBLE = {
    MessageState.DRAFT: (
        "send_message",
        "schedule_message",
        "test_message",
        "edit_message",
        "delete_message",
    ),
    MessageState.SCHEDULED: (
        "send_message",
        "schedule_message",
        "test_message",
        "edit_message",
        "unschedule_message",
        "delete_message",
    ),
}


@admin.register(OrganizerMessage)
class OrganizerMessageAdmin(MessageColumns):
    tab, heading = "written", "Write to attendees"
    list_filter = ("state",)
    ordering = ("-created_at", "-id")
    actions = None
    actions_detail = (
        "send_message",
        "schedule_message",
        "test_message",
        "edit_message",
        "unschedule_message",
        "stop_message",
        "delete_message",
    )
    change_form_after_template = "admin/notifications/written.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("by__person_key")

    def list_links(self, event: Event) -> list[tuple[str, str]]:
        return [("Write a message", event_page_url("write", event.pk))]

    # ── One message ─────────────────────────────────────────────────────────
    def get_urls(self) -> list[URLPattern]:
        parts = [
            path(
                f"<uuid:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"notifications_organizermessage_{name}",
            )
            for name, view in (("preview", self.preview_html), ("progress", self.progress))
        ]
        return [*parts, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what a message says, whom it reaches now or has reached."""
        extra = dict(extra_context or {})
        message = self.get_object(request, object_id) if object_id else None
        if message is not None:
            shown = preview_of(message, _user(request))
            extra |= {
                "subtitle": self.title(message),
                "written": message,
                "held": HELD.get(Hold(message.hold), ""),
                "preview_url": url_of("preview", message),
                "preview": shown,
                **(
                    progress_context(message) if message.is_begun else reach_context(message, shown)
                ),
            }
        return super().changeform_view(request, object_id, form_url, extra)

    @method_decorator(xframe_options_sameorigin)
    @method_decorator(csp(WITH_PICTURES))
    def preview_html(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        message = self.message_or_404(request, str(object_id))
        shown = preview_of(message, _user(request))
        if shown is None:
            raise Http404
        return HttpResponse(shown.html)

    def progress(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """Show how far a message is, for a page that asks again and again."""
        message = self.message_or_404(request, str(object_id))
        context = progress_context(message)
        # Once it is over, the buttons and facts of the whole page have changed, too.
        over = {} if context["is_moving"] else {"HX-Refresh": "true"}
        return TemplateResponse(
            request,
            "admin/notifications/_progress.html",
            {"written": message, **context},
            headers=over,
        )

    def message_or_404(self, request: HttpRequest, object_id: str) -> OrganizerMessage:
        """Return a message of an event that the current user manages; raises Http404."""
        message: OrganizerMessage | None = self.get_object(request, object_id)
        if message is None:
            raise Http404
        return message

    # ── What can be done ────────────────────────────────────────────────────
    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Leave out what the state of the message rules out."""
        message = self.message_or_404(request, object_id)
        possible: tuple[str, ...] = POSSIBLE.get(MessageState(message.state), ())
        if is_moving(message, progress_of(message)) and message.state != MessageState.STOPPED:
            possible = ("stop_message",)
        names = {f"notifications_organizermessage_{name}" for name in possible}
        return [
            one
            for one in super().get_actions_detail(request, object_id)
            if one.action_name in names
        ]

    @action(description="Send now…", url_path="send", icon="send", variant=ActionVariant.PRIMARY)
    def send_message(self, request: HttpRequest, object_id: str) -> HttpResponse:
        message = self.message_or_404(request, object_id)
        if message.is_begun:
            return _already(request, message)
        event = message.event

        def act() -> str:
            try:
                begun = beginning.send_now(
                    event_id=event.pk, message_id=message.pk, version=message.version
                )
            except MessageBegun:
                # The button was pressed twice, or the page came back.
                return report_success(request, "This message is being sent.", page_of(message))
            return report_success(
                request,
                f"The message is being sent to {counted(begun.recipients, 'person', 'people')}.",
                page_of(message),
            )

        return self._ask(
            request,
            message,
            title=f"Send “{self.title(message)}” now?",
            question="It cannot be edited or sent again afterwards. You can stop it as long as "
            "emails wait.",
            submit="Send now",
            facts=facts_of(message, preview_of(message, _user(request))),
            act=act,
        )

    @action(description="Send later…", url_path="schedule", icon="schedule_send")
    def schedule_message(self, request: HttpRequest, object_id: str) -> HttpResponse:
        message = self.message_or_404(request, object_id)
        if message.is_begun:
            return _already(request, message)
        event = message.event

        def form(*args: Any, **kwargs: Any) -> TimeForm:
            return TimeForm(*args, event=event, message=message, **kwargs)

        def act(send_at: Any) -> str:
            beginning.schedule(
                event_id=event.pk,
                message_id=message.pk,
                send_at=send_at,
                version=message.version,
            )
            return report_success(
                request,
                f"The message will be sent on {moment(send_at, event.zone)}.",
                page_of(message),
            )

        return self._ask(
            request,
            message,
            title=f"Send “{self.title(message)}” later",
            question=AT_ITS_TIME,
            submit="Schedule",
            form_class=form,
            initial={"send_at": _wall(message.send_at or time_to_suggest(event), event)},
            facts=[
                ("Event", moment(event.event_date, event.zone)),
                *facts_of(message, preview_of(message, _user(request)), is_for_today=False),
            ],
            act=act,
        )

    @action(description="Send me a test…", url_path="test", icon="forward_to_inbox")
    def test_message(self, request: HttpRequest, object_id: str) -> HttpResponse:
        message, user = self.message_or_404(request, object_id), _user(request)

        def act() -> str:
            send_test(message=message, event=message.event, user_id=user.pk)
            return report_success(request, f"A test goes to {user.email}.", page_of(message))

        return self._ask(
            request,
            message,
            title="Send yourself a test?",
            question=f"It goes to {user.email}, and to no one else.",
            submit="Send a test",
            act=act,
        )

    @action(description="Edit", url_path="edit", icon="edit")
    def edit_message(self, request: HttpRequest, object_id: str) -> HttpResponse:
        message = self.message_or_404(request, object_id)
        if message.is_begun:
            return _already(request, message)
        url = event_page_url("write", message.event_id)
        return HttpResponseRedirect(f"{url}?message={message.pk}")

    @action(description="Unschedule…", url_path="unschedule", icon="event_busy")
    def unschedule_message(self, request: HttpRequest, object_id: str) -> HttpResponse:
        message = self.message_or_404(request, object_id)
        if message.is_begun:
            return _already(request, message)

        def act() -> str:
            beginning.unschedule(
                event_id=message.event_id, message_id=message.pk, version=message.version
            )
            return report_success(request, "The message is a draft again.", page_of(message))

        return self._ask(
            request,
            message,
            title=f"Unschedule “{self.title(message)}”?",
            question="It becomes a draft, which you can edit, schedule or delete.",
            submit="Unschedule",
            act=act,
        )

    @action(description="Stop…", url_path="stop", icon="stop_circle", variant=ActionVariant.DANGER)
    def stop_message(self, request: HttpRequest, object_id: str) -> HttpResponse:
        message = self.message_or_404(request, object_id)
        progress = progress_of(message)

        def act() -> str:
            stopped = stopping.stop(event_id=message.event_id, message_id=message.pk)
            return report_success(request, stopped_in_words(stopped), page_of(message))

        return self._ask(
            request,
            message,
            title=f"Stop “{self.title(message)}”?",
            question="No one else is notified, and emails that wait are taken back. What was "
            "handed over to a mail server cannot be. It cannot be continued afterwards.",
            submit="Stop",
            facts=numbers_of(progress),
            act=act,
            danger=True,
        )

    @action(description="Delete…", url_path="remove", icon="delete")
    def delete_message(self, request: HttpRequest, object_id: str) -> HttpResponse:
        message = self.message_or_404(request, object_id)
        if message.is_begun:
            return _already(request, message)
        back = event_page_url("written", message.event_id)

        def act() -> str:
            drafting.delete_draft(
                event_id=message.event_id, message_id=message.pk, version=message.version
            )
            return report_success(request, "The draft is deleted.", back)

        return self._ask(
            request,
            message,
            title=f"Delete “{self.title(message)}”?",
            question="It was not sent to anyone. This cannot be undone.",
            submit="Delete",
            act=act,
            danger=True,
        )

    def _ask(self, request: HttpRequest, message: OrganizerMessage, **page: Any) -> HttpResponse:
        return confirmation_page(
            self,
            request,
            version=message.version,
            back=page_of(message),
            context=tabs_context(message.event, current=self.tab),
            **page,
        )


def _already(request: HttpRequest, message: OrganizerMessage) -> HttpResponse:
    messages.info(request, MessageBegun.message)
    return HttpResponseRedirect(page_of(message))


def _wall(at: Any, event: Event) -> Any:
    return at.astimezone(event.zone).replace(tzinfo=None) if at is not None else None


def _user(request: HttpRequest) -> Any:
    return request.user


add_list("Messages", "written", "Write to attendees", OrganizerMessage, rank=10)

__all__ = ["OrganizerMessageAdmin"]

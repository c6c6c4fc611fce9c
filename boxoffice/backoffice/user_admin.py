"""The user admin, complete: erasing a person, which cancels what they have booked.

It extends the user admin of accounts, which cannot import bookings or waitlists.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanWidget

from bookings.models import Booking
from boxoffice.lifecycle import operations
from boxoffice.lifecycle.free_text import texts_about
from evently.accounts.admin import UserAdminBase
from evently.accounts.models import User
from evently.accounts.operations import undo_deletion
from evently.accounts.operations.second_factors import LONGEST_REASON, reset_second_factor
from evently.accounts.risky import confirms
from evently.accounts.second_factor_state import has_second_factor
from evently.admin.confirmation import confirmation_page, report_success
from evently.erasure.models import Erasure
from evently.formatting import counted, moment
from evently.pages import current_user
from events.models import Event
from waitlists.models import WaitlistEntry

LIST = "admin:accounts_user_changelist"
PAGE = "admin:accounts_user_change"


class EraseForm(forms.Form):
    """Whether to wait for the mail server."""

    at_once = forms.BooleanField(
        label="Do not wait for emails",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="Emails about cancelled bookings are sent first. If the mail server does not "
        "accept them, name and email address are erased up to two days later. With this option, "
        "they are erased now, and emails that could not be sent are lost.",
    )


class ResetForm(forms.Form):
    """Why two-step login is reset."""

    reason = forms.CharField(
        label="Reason",
        max_length=LONGEST_REASON,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="The person gets it by email. The history keeps it, encrypted under their key.",
    )


@admin.register(User)
class UserAdmin(UserAdminBase):
    actions_detail = ("keep_account", "reset_second_factor", "erase", "delete_rows")
    change_form_after_template = "admin/accounts/texts.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Add the texts about the person, and the receipt of an erasure."""
        extra = dict(extra_context or {})
        user = self.get_object(request, object_id) if object_id else None
        if user is not None and request.user.is_superuser:
            extra["texts"] = list(texts_about(user.pk))
            extra["erasure"] = Erasure.objects.filter(user_id=user.pk).first()
        page: HttpResponse = super().changeform_view(request, object_id, form_url, extra)
        return page

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Leave out what is not possible: keeping an account that stays, erasing it twice."""
        user = self.get_object(request, object_id)
        hidden = set()
        if user is None or not user.is_leaving:
            hidden.add("keep_account")
        if user is None or user.deleted_at is not None:
            hidden.add("erase")
        if user is None or not has_second_factor(user.pk):
            hidden.add("reset_second_factor")
        return [
            found
            for found in super().get_actions_detail(request, object_id)
            if found.action_name.removeprefix("accounts_user_") not in hidden
        ]

    @action(description="Keep account", url_path="keep", icon="undo")
    def keep_account(self, request: HttpRequest, object_id: str) -> HttpResponse:
        user = self._user(request, object_id)
        if not user.is_leaving:
            # Undone, or begun, since the page with the button was loaded.
            messages.info(request, f"No deletion of {user} can be undone.")
            return redirect(self._page(user))

        def act() -> str:
            undo_deletion(user_id=user.pk)
            return report_success(request, f"{user} keeps their account.", self._page(user))

        return confirmation_page(
            self,
            request,
            title=f"Keep the account of {user}?",
            question=f"The deletion that was requested for {_due(user)} is not carried out.",
            submit="Keep account",
            act=act,
            back=self._page(user),
        )

    @action(description="Reset two-step login", url_path="reset-factor", icon="lock_reset")
    @confirms("reset_factor")
    def reset_second_factor(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Remove the second factors of a user who has lost them."""
        user = self._user(request, object_id)

        def act(reason: str) -> str:
            reset_second_factor(user_id=user.pk, reason=reason, by_id=current_user(request).pk)
            return report_success(request, "Two-step login is reset.", self._page(user))

        return confirmation_page(
            self,
            request,
            title=f"Reset two-step login of {user}?",
            question="Make sure that it is really this person who asks. The authenticator app, "
            "passkeys and recovery codes are removed, and the person is logged out everywhere. "
            f"They log in with {'an emailed link' if user.is_guest else 'their password'} alone, "
            "until they set up two-step login again. An email with your reason goes to them.",
            submit="Reset two-step login",
            form_class=ResetForm,
            act=act,
            back=self._page(user),
            danger=True,
        )

    @action(
        description="Delete account", url_path="erase", icon="delete", variant=ActionVariant.DANGER
    )
    @confirms("erase_person")
    def erase(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Erase a person now, as on a request under data protection law."""
        user = self._user(request, object_id)

        def act(at_once: bool) -> str:
            done = operations.erase_person(user_id=user.pk, at_once=at_once)
            message = (
                "The account is deleted: name and email address are erased."
                if done
                else "Bookings are cancelled and the account is closed. Name and email address are "
                "erased once the emails about that are sent."
            )
            return report_success(request, message, self._page(user))

        return confirmation_page(
            self,
            request,
            title=f"Delete the account of {user} now?",
            question="There is no cooling-off period, and it cannot be undone. Upcoming bookings "
            "are cancelled and waitlists left. Past bookings stay in the accounting records "
            "without the name. The person gets a signed receipt by email, the last one to them.",
            submit="Delete account",
            form_class=EraseForm,
            facts=_facts(user),
            act=act,
            back=self._page(user),
            danger=True,
        )

    @action(
        description="Delete all rows",
        url_path="delete-rows",
        icon="delete_forever",
        variant=ActionVariant.DANGER,
    )
    @confirms("delete_rows")
    def delete_rows(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Delete a person's row with everything that refers to it."""
        user = self._user(request, object_id)

        def act() -> str:
            operations.delete_person(user_id=user.pk)
            return report_success(
                request, "The user and all their rows are deleted.", reverse(LIST)
            )

        return confirmation_page(
            self,
            request,
            title=f"Delete {user} and all their rows?",
            question="Bookings, waitlist entries and notifications are deleted too, so sales of "
            "past events change. It cannot be undone, and no email is sent. To delete an account, "
            "“Delete account” is what you want.",
            submit="Delete all rows",
            facts=_facts(user),
            act=act,
            back=self._page(user),
            danger=True,
        )

    def _user(self, request: HttpRequest, object_id: str) -> User:
        """Return a user whom a superuser may delete. Raises Http404."""
        user: User | None = self.get_object(request, object_id)
        if user is None or not request.user.is_superuser:
            raise Http404
        return user

    @staticmethod
    def _page(user: User) -> str:
        return reverse(PAGE, args=[user.pk])


def _due(user: User) -> str:
    return moment(user.deletion_due_at, timezone.get_current_timezone())


def _facts(user: User) -> list[tuple[str, str]]:
    """Return what a confirmation page says about what a user has."""
    upcoming = Event.objects.upcoming().values("pk")
    booked = Booking.objects.of_user(user.pk).holding_seats().filter(event_id__in=upcoming).count()
    waiting = WaitlistEntry.objects.open().filter(user_id=user.pk).count()
    texts = sum(1 for _ in texts_about(user.pk))
    return [
        ("Upcoming", counted(booked, "booking")),
        ("Waitlists", counted(waiting, "entry", "entries")),
        ("Texts about this person", counted(texts, "text")),
    ]

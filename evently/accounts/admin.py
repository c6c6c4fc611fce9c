"""Users and API tokens in the admin, for superusers. Users are found by name and email address."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from evently.accounts import operations
from evently.accounts.finding import find_people
from evently.accounts.models import ApiToken, User
from evently.accounts.risky import confirms
from evently.accounts.second_factor_state import factors_of
from evently.admin.lists import ListedAdmin
from evently.audit.admin import StampedAdmin
from evently.errors import DomainError
from evently.formatting import counted
from evently.origin import origin_of


class SuperusersOnly:
    """Mixin for admins that neither organizers nor staff of events see."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Users sign up, or are created by `createsuperuser`."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Deleting an account first cancels its bookings and waitlist entries."""
        return False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show no button that saves: the fields are all to look at."""
        context |= {"show_save": False, "show_save_and_continue": False}
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]
        return response


class UserAdminBase(SuperusersOnly, StampedAdmin):
    """Everything about users that needs no other app; `boxoffice.backoffice` registers it."""

    list_display = ("display_name", "email", "role", "is_active", "is_verified", "created_at")
    list_filter = ("role", "is_active", "is_superuser", "created_at")
    list_per_page = 50
    search_fields = ("email_digest",)
    search_help_text = "Name, email address or ID"
    ordering = ("-id",)
    sorted_by = ()
    readonly_fields = (
        "id",
        "display_name",
        "email",
        "role",
        "is_active",
        "is_superuser",
        "is_verified",
        "email_verified_at",
        "second_factor",
        "created_at",
        "updated_at",
        "deletion_due_at",
        "deletion_started_at",
        "deleted_at",
    )
    fields = readonly_fields
    actions = (
        "give_organizer_role",
        "withdraw_organizer_role",
        "activate",
        "deactivate",
        "end_sessions",
        "email_login_link",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Join the keys, so that a page takes as many queries for one user as for a hundred."""
        return User.objects.with_keys().order_by("-id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Match the id, the full email address, or words of name and email address."""
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            return queryset.filter(pk=UUID(term)), False
        except ValueError:
            pass
        if "@" in term and (exact := User.objects.with_address(term)).exists():
            return queryset.filter(pk__in=exact), False
        return queryset.filter(pk__in=find_people(User.objects.all(), term)), False

    @admin.display(description="name")
    def display_name(self, obj: User) -> str:
        return obj.display_name

    @admin.display(description="email address")
    def email(self, obj: User) -> str:
        return obj.email

    @admin.display(description="two-step login")
    def second_factor(self, obj: User) -> str:
        found = factors_of(obj.pk)
        parts = ["authenticator app"] if found.app else []
        if found.passkeys:
            parts.append(counted(len(found.passkeys), "passkey"))
        return ", ".join(parts) or "no"

    @admin.display(description="verified", boolean=True)
    def is_verified(self, obj: User) -> bool:
        return obj.is_verified

    @admin.action(description="Make organizer")
    @confirms("give_role")
    def give_organizer_role(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, lambda user: operations.make_organizer(user_id=user.pk))

    @admin.action(description="Remove organizer role")
    def withdraw_organizer_role(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, lambda user: operations.withdraw_organizer(user_id=user.pk))

    @admin.action(description="Activate account")
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(
            request, queryset, lambda user: operations.set_active(user_id=user.pk, active=True)
        )

    @admin.action(description="Deactivate account")
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(
            request, queryset, lambda user: operations.set_active(user_id=user.pk, active=False)
        )

    @admin.action(description="Log out of all sessions")
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, lambda user: operations.end_other_sessions(user_id=user.pk))

    @admin.action(description="Email a login link")
    def email_login_link(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        origin = origin_of(request)
        self._each(
            request,
            queryset,
            lambda user: operations.request_login_link(email=user.email, origin=origin),
        )

    def _each(
        self, request: HttpRequest, queryset: QuerySet[User], work: Callable[[User], object]
    ) -> None:
        """Run `work` for each user, and show how many succeeded and why the others failed."""
        done = 0
        for user in queryset:
            try:
                work(user)
            except DomainError as refusal:
                self.message_user(request, f"{user}: {refusal.text}", messages.ERROR)
            else:
                done += 1
        if done:
            self.message_user(
                request, f"Done for {done} of {len(queryset)} users.", messages.SUCCESS
            )


@admin.register(ApiToken)
class ApiTokenAdmin(SuperusersOnly, ListedAdmin):
    """API tokens of all users; the secrets are stored nowhere."""

    list_display = (
        "name",
        "user",
        "scopes",
        "created_at",
        "expires_at",
        "last_used_on",
        "revoked_at",
    )
    list_filter = ("expires_at", "revoked_at")
    list_select_related = ("user__person_key",)
    search_fields = ("user__id",)
    search_help_text = "A user ID"
    fields = ("name", "user", "scopes", "created_at", "expires_at", "last_used_on", "revoked_at")
    readonly_fields = fields
    actions = ("revoke",)

    @admin.action(description="Revoke tokens")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset:
            operations.revoke_token(user_id=token.user_id, token_id=token.pk)
        self.message_user(request, f"Revoked tokens: {len(queryset)}.", messages.SUCCESS)

"""People in the admin, for superusers: found by their exact address, never shown sealed."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from evently.accounts import operations
from evently.accounts.models import ApiToken, User
from evently.audit.admin import StampedAdmin
from evently.errors import DomainError
from evently.origin import origin_of


class SuperusersOnly:
    """Mixin: people's data is for those who run the site."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: people sign up, or `createsuperuser` makes them."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: removing a person cancels what lies ahead of them first."""
        return False


@admin.register(User)
class UserAdmin(SuperusersOnly, StampedAdmin):
    """Who has an account, and what they may do."""

    list_display = ("display_name", "email", "role", "is_active", "is_verified", "created_at")
    list_filter = ("role", "is_active", "is_superuser", "created_at")
    list_per_page = 50
    search_fields = ("email_digest",)
    search_help_text = "The whole e-mail address, or an id"
    ordering = ("-id",)
    readonly_fields = (
        "id",
        "display_name",
        "email",
        "role",
        "is_active",
        "is_superuser",
        "is_verified",
        "email_verified_at",
        "created_at",
        "updated_at",
        "deleted_at",
    )
    fields = readonly_fields
    actions = (
        "give_organizer_role",
        "withdraw_organizer_role",
        "switch_on",
        "switch_off",
        "end_sessions",
        "mail_login_link",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Bring the keys along, so that a page costs the same for one person and a hundred."""
        return User.objects.with_keys().order_by("-id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Find by the whole address, or by id: sealed names cannot be searched."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if "@" in term:
            return queryset.filter(pk__in=User.objects.with_address(term)), False
        try:
            return queryset.filter(pk=UUID(term)), False
        except ValueError:
            return queryset.none(), False

    @admin.display(description="name")
    def display_name(self, obj: User) -> str:
        """Return the opened name."""
        return obj.display_name

    @admin.display(description="e-mail address")
    def email(self, obj: User) -> str:
        """Return the opened address."""
        return obj.email

    @admin.display(description="verified", boolean=True)
    def is_verified(self, obj: User) -> bool:
        """Say whether the address was shown to be theirs."""
        return obj.is_verified

    @admin.action(description="Let them organize events")
    def give_organizer_role(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Give the role admin."""
        self._each(request, queryset, lambda user: operations.make_organizer(user_id=user.pk))

    @admin.action(description="Let them organize no longer")
    def withdraw_organizer_role(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Take the role admin away."""
        self._each(request, queryset, lambda user: operations.withdraw_organizer(user_id=user.pk))

    @admin.action(description="Switch the account on")
    def switch_on(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let them in again."""
        self._each(
            request, queryset, lambda user: operations.set_active(user_id=user.pk, active=True)
        )

    @admin.action(description="Switch the account off")
    def switch_off(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Keep them out, sessions and API tokens included."""
        self._each(
            request, queryset, lambda user: operations.set_active(user_id=user.pk, active=False)
        )

    @admin.action(description="End all their sessions")
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Log them out everywhere."""
        self._each(request, queryset, lambda user: operations.end_other_sessions(user_id=user.pk))

    @admin.action(description="Mail them a link to log in")
    def mail_login_link(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Mail a link that lets them in once."""
        origin = origin_of(request)
        self._each(
            request,
            queryset,
            lambda user: operations.request_login_link(email=user.email, origin=origin),
        )

    def _each(
        self, request: HttpRequest, queryset: QuerySet[User], work: Callable[[User], object]
    ) -> None:
        """Do something for each person, and say how many it worked for and why not for others."""
        done = 0
        for user in queryset:
            try:
                work(user)
            except DomainError as refusal:
                self.message_user(request, f"{user}: {refusal.text}", messages.ERROR)
            else:
                done += 1
        if done:
            self.message_user(request, f"Done for {done} of {len(queryset)}.", messages.SUCCESS)


@admin.register(ApiToken)
class ApiTokenAdmin(SuperusersOnly, ModelAdmin):
    """Who holds keys to the API; the keys themselves nobody can see."""

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
    search_help_text = "The id of a person"
    fields = ("name", "user", "scopes", "created_at", "expires_at", "last_used_on", "revoked_at")
    readonly_fields = fields
    actions = ("revoke",)

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Make the tokens stop working."""
        for token in queryset:
            operations.revoke_token(user_id=token.user_id, token_id=token.pk)
        self.message_user(request, f"Revoked {len(queryset)}.", messages.SUCCESS)

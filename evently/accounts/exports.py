"""The accounts section of a user's data export."""

from typing import Any
from uuid import UUID

from evently.accounts.export import section
from evently.accounts.models import (
    ApiToken,
    DataExport,
    EmailChange,
    Passkey,
    RecoveryCode,
    SecondFactorReset,
    TotpFactor,
    UserSession,
)

TOKEN_COLUMNS = ("id", "name", "scopes", "created_at", "expires_at", "revoked_at")
CHANGE_COLUMNS = ("old_email", "new_email", "requested_at", "confirmed_at", "undone_at")
EXPORT_COLUMNS = ("status", "requested_at", "ready_at", "expires_at", "size_bytes", "unread_months")
SESSION_COLUMNS = ("ip_address", "user_agent", "started_at", "last_seen_at")
APP_COLUMNS = ("created_at", "confirmed_at")
PASSKEY_COLUMNS = ("name", "created_at", "last_used_at")
CODE_COLUMNS = ("created_at", "used_at")
RESET_COLUMNS = ("reset_at", "reason")


@section("api_tokens", of=ApiToken, columns=TOKEN_COLUMNS)
def api_tokens(user_id: UUID) -> list[Any]:
    """Return the user's API tokens, without their digests."""
    tokens = ApiToken.objects.filter(user_id=user_id).order_by("id")
    return list(tokens.values(*TOKEN_COLUMNS))


@section("email_changes", of=EmailChange, columns=CHANGE_COLUMNS)
def email_changes(user_id: UUID) -> list[Any]:
    """Return the changes of the user's email address."""
    changes = EmailChange.objects.filter(user_id=user_id).select_related("user__person_key")
    return [
        {
            "old_email": change.user.key and change.user.key.open("recipient", change.old_email),
            "new_email": change.user.key and change.user.key.open("recipient", change.new_email),
            "requested_at": change.requested_at,
            "confirmed_at": change.confirmed_at,
            "undone_at": change.undone_at,
        }
        for change in changes.order_by("requested_at", "id")
    ]


@section("data_exports", of=DataExport, columns=EXPORT_COLUMNS)
def data_exports(user_id: UUID) -> list[Any]:
    """Return the exports that the user has requested, without their files."""
    exports = DataExport.objects.filter(user_id=user_id).order_by("id")
    return list(exports.values(*EXPORT_COLUMNS))


@section("sessions", of=UserSession, columns=SESSION_COLUMNS)
def sessions(user_id: UUID) -> list[Any]:
    """Return where the user is logged in."""
    rows = UserSession.objects.filter(user_id=user_id).order_by("id")
    return list(rows.values(*SESSION_COLUMNS))


@section("authenticator_apps", of=TotpFactor, columns=APP_COLUMNS)
def authenticator_apps(user_id: UUID) -> list[Any]:
    """Return the user's authenticator app, without its secret."""
    return list(TotpFactor.objects.filter(user_id=user_id).order_by("id").values(*APP_COLUMNS))


@section("passkeys", of=Passkey, columns=PASSKEY_COLUMNS)
def passkeys(user_id: UUID) -> list[Any]:
    """Return the user's passkeys, without their keys."""
    return list(Passkey.objects.filter(user_id=user_id).order_by("id").values(*PASSKEY_COLUMNS))


@section("recovery_codes", of=RecoveryCode, columns=CODE_COLUMNS)
def recovery_codes(user_id: UUID) -> list[Any]:
    """Return the user's recovery codes, without the codes."""
    return list(RecoveryCode.objects.filter(user_id=user_id).order_by("id").values(*CODE_COLUMNS))


@section("second_factor_resets", of=SecondFactorReset, columns=RESET_COLUMNS)
def second_factor_resets(user_id: UUID) -> list[Any]:
    """Return when the user's second factors were reset, and why."""
    resets = SecondFactorReset.objects.filter(user_id=user_id).select_related("user__person_key")
    return [
        {
            "reset_at": reset.reset_at,
            "reason": reset.user.key and reset.user.key.open("reset_reason", reset.reason),
        }
        for reset in resets.order_by("id")
    ]

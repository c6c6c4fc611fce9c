"""Security events as lines of the log: logins, failed ones, and passwords that change.

Users are named by id. What a request was refused is on its own line (evently.logs), and what it
changed is in the audit trail.
"""

from typing import Any
from uuid import UUID

import structlog
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from evently.accounts.models import User
from evently.accounts.signals import (
    SecondFactorChange,
    email_change_requested,
    password_changed,
    second_factor_changed,
)

log = structlog.get_logger("evently.security")


def login_failed(*, user_id: UUID | None, reason: str) -> None:
    """Log an attempt to log in, or to give a proof again.

    user_id: None for an unknown email address or passkey.
    """
    log.warning("login failed", user_id=str(user_id) if user_id else None, reason=reason)


@receiver(user_logged_in, dispatch_uid="accounts.login_logged")
def _logged_in(sender: type, *, request: HttpRequest, user: User, **kwargs: Any) -> None:
    log.info("logged in", user_id=str(user.pk), is_organizer=user.is_organizer)


@receiver(user_logged_out, dispatch_uid="accounts.logout_logged")
def _logged_out(sender: type, *, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        log.info("logged out", user_id=str(user.pk))


@receiver(password_changed, dispatch_uid="accounts.password_logged")
def _password_changed(sender: type, *, user: User, **kwargs: Any) -> None:
    log.info("password changed", user_id=str(user.pk))


@receiver(email_change_requested, dispatch_uid="accounts.email_change_logged")
def _email_change_requested(sender: type, *, change: Any, **kwargs: Any) -> None:
    log.info("change of email address requested", user_id=str(change.user_id))


@receiver(second_factor_changed, dispatch_uid="accounts.second_factor_logged")
def _second_factor_changed(
    sender: type, *, user: User, change: SecondFactorChange, **kwargs: Any
) -> None:
    log.info("second factor changed", user_id=str(user.pk), change=change.value)

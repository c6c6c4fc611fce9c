"""Logging in, by password or by an emailed link."""

from django.contrib.auth.hashers import make_password

from evently.accounts.email_models import RequestKind
from evently.accounts.links import read_login_token
from evently.accounts.models import User
from evently.accounts.operations.email_requests import request_email
from evently.accounts.operations.passwords import (
    WrongCredentials,
    lock_active,
    password_matches,
)
from evently.accounts.operations.rate_limits import count_email_request, count_login
from evently.accounts.operations.verification import verify_by_email
from evently.accounts.queries import user_with_address
from evently.accounts.security_log import login_failed
from evently.database.identity import as_worker
from evently.origin import Origin
from evently.throttle import forgive
from evently.transactions import run_in_transaction


def authenticate_with_password(*, email: str, password: str, origin: Origin) -> User:
    """Return the user with this email address and password; writes nothing.

    An unknown address, a guest without a password and a deactivated account take the same time and
    raise the same error. Failures are counted by email address and client.
    Raises WrongCredentials, TooManyAttempts.
    """
    counted = count_login(email, origin)
    user = user_with_address(email)
    if user is None:
        # Hashing takes as long as a check, so the time does not reveal who has an account.
        make_password("nobody")
        login_failed(user_id=None, reason="unknown email address")
        raise WrongCredentials
    matches = password_matches(user, password)
    if not matches or not user.is_active or user.deleted_at is not None:
        login_failed(user_id=user.pk, reason="inactive" if matches else "wrong password")
        raise WrongCredentials
    forgive(counted)
    return user


def request_login_link(*, email: str, origin: Origin) -> None:
    """Email a login link to the user with this email address; unknown addresses are ignored.

    The look-up is left to a task, so that the time it takes does not reveal who has an account.
    Raises TooManyAttempts.
    """
    count_email_request(email, origin)
    run_in_transaction(lambda: request_email(RequestKind.LOGIN_LINK, email=email))


@as_worker()
def log_in_by_link(*, token: str) -> User:
    """Return the user of a login link, which works once and verifies the email address.

    The view passes the user to Django's `login`.
    Raises LinkExpired.
    """
    user_id, link_version = read_login_token(token)

    def work() -> User:
        user = lock_active(user_id, link_version)
        verify_by_email(user)
        user.link_version += 1
        user.save(update_fields=["link_version"])
        return user

    return run_in_transaction(work)

"""Coming in: by password, or by a mailed link."""

from django.contrib.auth.hashers import make_password

from evently.accounts.links import read_login_token
from evently.accounts.models import User
from evently.accounts.operations.limits import count_log_in, count_mail
from evently.accounts.operations.passwords import (
    WrongCredentials,
    fits,
    lock_active,
)
from evently.accounts.operations.proof import prove_address
from evently.accounts.queries import user_with_address
from evently.accounts.signals import login_link_requested
from evently.origin import Origin
from evently.throttle import forgive
from evently.transactions import run_in_transaction


def authenticate_with_password(*, email: str, password: str, origin: Origin) -> User:
    """Return the user with this address and password; writes nothing.

    Nobody, a guest without a password and an account that was switched off take the same time
    and get the same refusal. Failures are counted by address and client.
    Raises WrongCredentials, TooManyAttempts.
    """
    counted = count_log_in(email, origin)
    user = user_with_address(email)
    if user is None:
        # As slow as a check, so that the time does not tell who has an account.
        make_password("nobody")
        raise WrongCredentials
    if not fits(user, password) or not user.is_active or user.deleted_at is not None:
        raise WrongCredentials
    forgive(counted)
    return user


def request_login_link(*, email: str, origin: Origin) -> None:
    """Mail the owner of an address a link that lets them in; does the same for nobody.

    Raises TooManyAttempts.
    """
    count_mail(email, origin)

    def work() -> None:
        user = user_with_address(email)
        if user is not None and user.is_active:
            login_link_requested.send(sender=User, user=user)

    run_in_transaction(work)


def log_in_by_link(*, token: str) -> User:
    """Return whom a mailed link lets in, once; it also shows that the address is theirs.

    The view passes the user to Django's `login`.
    Raises TokenInvalid.
    """
    user_id, link_version = read_login_token(token)

    def work() -> User:
        user = lock_active(user_id, link_version)
        prove_address(user)
        user.link_version += 1
        user.save(update_fields=["link_version"])
        return user

    return run_in_transaction(work)

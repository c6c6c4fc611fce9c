"""Sign-up, email verification, and accounts of guests.

None of it reveals whether an email address has an account.
"""

from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare

from evently.accounts.links import read_verification_token
from evently.accounts.locks import SessionEnded, lock_user
from evently.accounts.models import User
from evently.accounts.operations.passwords import WrongPassword, check_strength, password_matches
from evently.accounts.operations.rate_limits import count_email_request, count_guest, count_login
from evently.accounts.operations.verification import mark_verified, verify_by_email
from evently.accounts.queries import user_with_address
from evently.accounts.signals import (
    address_verification_requested,
    registration_repeated,
    user_registered,
)
from evently.errors import NotAllowed
from evently.links import LinkExpired
from evently.origin import Origin
from evently.privacy.addresses import clean_address, clean_name, digests_of_address
from evently.throttle import forgive
from evently.transactions import run_in_transaction, violated_constraint

NOT_THE_PASSWORD = "This is not the password of this account."  # noqa: S105


class AccountInactive(NotAllowed):
    """A superuser deactivated the account."""

    code = "account_inactive"
    message = "This account has been deactivated. Please contact the organizers of this site."


def register(*, email: str, name: str, password: str, origin: Origin) -> None:
    """Create an account, and email a link that verifies the email address.

    If the email address has an account, its owner is notified by email, and nothing else happens.
    The response and the time it takes are the same.
    Raises AddressInvalid, NameInvalid, WeakPassword, TooManyAttempts.
    """
    _register(email=email, name=name, password=password, origin=origin)


def sign_up(*, email: str, name: str, password: str, origin: Origin) -> User:
    """Create an account as `register` does, and return the user whom the view logs in.

    If the email address has an account, that is a duplicate without access to it, so that neither
    the page nor the session reveals whether there was one.
    Raises AddressInvalid, NameInvalid, WeakPassword, TooManyAttempts.
    """
    user = _register(email=email, name=name, password=password, origin=origin, for_session=True)
    assert user is not None
    return user


def _register(
    *, email: str, name: str, password: str, origin: Origin, for_session: bool = False
) -> User | None:
    email, name = clean_address(email), clean_name(name)
    check_strength(password)
    count_email_request(email, origin)
    # Hashed before the lookup, so that the time does not reveal who has an account.
    hashed = make_password(password)

    def work() -> User | None:
        user, is_new = _find_or_insert(email=email, name=name, password_hash=hashed)
        if is_new:
            user_registered.send(sender=User, user=user)
            address_verification_requested.send(sender=User, user=user)
            return user
        if user.is_active:
            registration_repeated.send(sender=User, user=user)
        if not for_session:
            return None
        duplicate = User.objects.create_user(
            email=email, name=name, password_hash=hashed, is_duplicate=True
        )
        user_registered.send(sender=User, user=duplicate)
        return duplicate

    return run_in_transaction(work)


def request_address_verification(*, user_id: UUID, origin: Origin) -> None:
    """Send the verification email again; does nothing if the email address is verified.

    For a duplicate, the owner of the address gets the email about the existing account again.
    Raises TooManyAttempts, UserNotFound.
    """

    def work() -> None:
        user = lock_user(user_id)
        if user.is_verified:
            return
        count_email_request(user.email, origin)
        if not user.is_duplicate:
            address_verification_requested.send(sender=User, user=user)
            return
        owner = user_with_address(user.email)
        if owner is not None and owner.is_active:
            registration_repeated.send(sender=User, user=owner)

    run_in_transaction(work)


def user_to_verify(*, token: str) -> User:
    """Return the user of a verification link, who may be verified already.

    Raises LinkExpired.
    """
    return _user_of(token, User.objects.with_keys().active())


def verify_address(*, token: str, session: str) -> User:
    """Verify the email address of a logged-in user; may be repeated.

    session: the caller's `get_session_auth_hash()`. It proves that the caller knows the password,
    so the password stays.
    Raises LinkExpired, SessionEnded.
    """

    def work() -> User:
        user = _lock_user_of(token)
        if not constant_time_compare(session, user.get_session_auth_hash()):
            raise SessionEnded
        if not user.is_verified:
            mark_verified(user)
        return user

    return run_in_transaction(work)


def verify_address_with_password(*, token: str, password: str, origin: Origin) -> User:
    """Verify the email address of a user who enters the account's password, which stays.

    Counted like a login, since the holder of the link could guess passwords otherwise.
    Raises LinkExpired, WrongPassword, TooManyAttempts.
    """
    counted = count_login(user_to_verify(token=token).email, origin)

    def work() -> User:
        user = _lock_user_of(token)
        if not password_matches(user, password):
            raise WrongPassword(fields={"password": NOT_THE_PASSWORD})
        if not user.is_verified:
            mark_verified(user)
        return user

    user = run_in_transaction(work)
    forgive(counted)
    return user


def verify_address_by_email(*, token: str) -> User:
    """Verify the email address of a user who did not set the password, or has forgotten it.

    The old password ends, and the holder of the email sets a new one
    (`links.password_reset_token`). Works once.
    Raises LinkExpired.
    """

    def work() -> User:
        user = _lock_user_of(token)
        if user.is_verified:
            raise LinkExpired
        verify_by_email(user)
        return user

    return run_in_transaction(work)


def _lock_user_of(token: str) -> User:
    users = User.objects.with_keys().active().select_for_update(of=("self",), no_key=True)
    return _user_of(token, users)


def _user_of(token: str, users: QuerySet[User]) -> User:
    """Return the user of a verification token, among `users`. Raises LinkExpired."""
    user_id, digest = read_verification_token(token)
    user = users.filter(pk=user_id, email_digest__isnull=False).first()
    # The link may come from before a new EVENTLY_DIGEST_KEY.
    known = digests_of_address(user.email) if user else []
    if user is None or not digest or not any(one.startswith(digest) for one in known):
        raise LinkExpired
    return user


def find_or_create_guest(*, email: str, name: str) -> User:
    """Return the account of an email address, or create one without a password.

    An existing account is unchanged: a guest's booking itself calls
    `verification.end_unverified_password`.
    Raises AddressInvalid, NameInvalid, AccountInactive, TooManyAttempts.
    """
    email, name = clean_address(email), clean_name(name)
    count_guest(email)

    def work() -> User:
        user, _ = _find_or_insert(email=email, name=name, password_hash=None)
        if not user.is_active:
            raise AccountInactive
        return user

    return run_in_transaction(work)


def _find_or_insert(*, email: str, name: str, password_hash: str | None) -> tuple[User, bool]:
    """Return (the user with this email address, whether the user was created)."""
    user = user_with_address(email)
    if user is not None:
        return user, False
    try:
        created = User.objects.create_user(email=email, name=name, password_hash=password_hash)
    except IntegrityError as error:
        # Another request inserted the same email address first; its row is visible now.
        if violated_constraint(error) != "unq_user_email_digest":
            raise
        user = user_with_address(email)
        if user is None:
            raise
        return user, False
    return created, True

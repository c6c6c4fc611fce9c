"""Signing up, verifying an address, and guests who only book.

None of it tells a stranger whether an address has an account.
"""

from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare

from evently.accounts.links import read_verification_token
from evently.accounts.locks import SessionEnded, lock_user
from evently.accounts.models import User
from evently.accounts.operations.limits import count_guest, count_log_in, count_mail
from evently.accounts.operations.passwords import WrongPassword, check_new, fits
from evently.accounts.operations.proof import note_proof, prove_address
from evently.accounts.queries import user_with_address
from evently.accounts.signals import (
    address_verification_requested,
    registration_repeated,
    user_registered,
)
from evently.errors import NotAllowed
from evently.links import LinkExpired
from evently.origin import Origin
from evently.privacy.addresses import clean_address, clean_name
from evently.throttle import forgive
from evently.transactions import run_in_transaction, violated_constraint

NOT_THE_PASSWORD = "That is not the password of this account."  # noqa: S105


class AccountInactive(NotAllowed):
    """The account was switched off by the people who run the site."""

    code = "account_inactive"
    message = "This account cannot be used. Please ask the organizers of the site."


def register(*, email: str, name: str, password: str, origin: Origin) -> None:
    """Sign somebody up, and mail them a link that verifies the address.

    Where the address has an account, its owner is mailed that, and nothing else happens. The
    answer and the time it takes are the same.
    Raises AddressInvalid, NameInvalid, WeakPassword, TooManyAttempts.
    """
    email, name = clean_address(email), clean_name(name)
    check_new(password)
    count_mail(email, origin)
    # Before the look-up, so that the time does not tell who has an account.
    hashed = make_password(password)

    def work() -> None:
        user, is_new = _find_or_insert(email=email, name=name, password_hash=hashed)
        if is_new:
            user_registered.send(sender=User, user=user)
            address_verification_requested.send(sender=User, user=user)
        elif user.is_active:
            registration_repeated.send(sender=User, user=user)

    run_in_transaction(work)


def request_address_verification(*, user_id: UUID, origin: Origin) -> None:
    """Mail the link that verifies the address again; nothing happens where it is verified.

    Raises TooManyAttempts, UserNotFound.
    """

    def work() -> None:
        user = lock_user(user_id)
        if not user.is_verified:
            count_mail(user.email, origin)
            address_verification_requested.send(sender=User, user=user)

    run_in_transaction(work)


def person_to_verify(*, token: str) -> User:
    """Return whose address a mailed link would confirm, or has confirmed already.

    Raises LinkExpired.
    """
    return _person_of(token, User.objects.with_keys().active())


def verify_address(*, token: str, session: str) -> User:
    """Note that an address is its user's, who is logged in; doing it twice is fine.

    session: the `get_session_auth_hash()` of whoever asks, which shows that they know the
    password; so it stays.
    Raises LinkExpired, SessionEnded.
    """

    def work() -> User:
        user = _lock_person_of(token)
        if not constant_time_compare(session, user.get_session_auth_hash()):
            raise SessionEnded
        if not user.is_verified:
            note_proof(user)
        return user

    return run_in_transaction(work)


def verify_address_with_password(*, token: str, password: str, origin: Origin) -> User:
    """Note that an address is its user's, who types the account's password; so it stays.

    Counted like a log-in, for whoever holds the link could guess otherwise.
    Raises LinkExpired, WrongPassword, TooManyAttempts.
    """
    counted = count_log_in(person_to_verify(token=token).email, origin)

    def work() -> User:
        user = _lock_person_of(token)
        if not fits(user, password):
            raise WrongPassword(fields={"password": NOT_THE_PASSWORD})
        if not user.is_verified:
            note_proof(user)
        return user

    user = run_in_transaction(work)
    forgive(counted)
    return user


def verify_address_anew(*, token: str) -> User:
    """Note that an address is its user's, who did not set its password, or has forgotten it.

    What was set before ends, and whoever holds the mail sets a new one
    (`links.password_reset_token`). Works once.
    Raises LinkExpired.
    """

    def work() -> User:
        user = _lock_person_of(token)
        if user.is_verified:
            raise LinkExpired
        prove_address(user)
        return user

    return run_in_transaction(work)


def _lock_person_of(token: str) -> User:
    users = User.objects.with_keys().active().select_for_update(of=("self",), no_key=True)
    return _person_of(token, users)


def _person_of(token: str, users: QuerySet[User]) -> User:
    """Return whom a verification token was made for, among users. Raises LinkExpired."""
    user_id, digest = read_verification_token(token)
    user = users.filter(pk=user_id, email_digest__startswith=digest).first()
    if user is None or not digest:
        raise LinkExpired
    return user


def find_or_create_guest(*, email: str, name: str) -> User:
    """Return the account of an address, made now without a password where there is none.

    An account keeps all it has: what a booking by somebody who is not logged in ends, it ends
    itself (`proof.end_unverified_password`).
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
    """Return (the user with an address, whether they were made now)."""
    user = user_with_address(email)
    if user is not None:
        return user, False
    try:
        made = User.objects.create_user(email=email, name=name, password_hash=password_hash)
    except IntegrityError as error:
        # Somebody else was faster; their row is there now.
        if violated_constraint(error) != "unq_user_email_digest":
            raise
        user = user_with_address(email)
        if user is None:
            raise
        return user, False
    return made, True

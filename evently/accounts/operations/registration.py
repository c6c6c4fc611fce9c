"""Sign-up, email verification, and accounts of guests.

None of it reveals whether an email address has an account.
"""

from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection
from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare

from evently.accounts.email_models import RequestKind
from evently.accounts.links import read_verification_token
from evently.accounts.locks import SessionEnded, UserNotFound
from evently.accounts.models import User
from evently.accounts.operations.email_requests import request_email
from evently.accounts.operations.passwords import WrongPassword, check_strength, password_matches
from evently.accounts.operations.rate_limits import (
    count_address,
    count_email_request,
    count_guest,
    count_login,
)
from evently.accounts.operations.verification import mark_verified, verify_by_email
from evently.accounts.queries import active_user, user_by_id
from evently.audit.context import facts_for
from evently.database.identity import as_worker
from evently.database.ids import uuid7
from evently.database.prepared import execute_prepared
from evently.errors import NotAllowed
from evently.links import LinkExpired
from evently.origin import Origin
from evently.person_names import clean_name
from evently.privacy.addresses import clean_address, digests_of_address
from evently.privacy.keys import insert_key_of_user, new_person_key
from evently.privacy.models import PersonKey
from evently.throttle import forgive
from evently.transactions import run_in_statement, run_in_transaction, violated_constraint

GUEST = """
    SELECT evently_guest(%s::text[], %s::uuid, %s::text[], %s::text, %s::text, %s::text, %s::bytea,
        %s::text)
"""
NOT_THE_PASSWORD = "This is not the password of this account."  # noqa: S105


class AccountInactive(NotAllowed):
    """A superuser deactivated the account."""

    code = "account_inactive"
    message = "This account has been deactivated. Please contact the organizers of this site."


def register(*, email: str, name: str, password: str, origin: Origin) -> None:
    """Create an account, and email a link that verifies the email address.

    If the email address has an account, its owner is notified by email, and nothing else happens.
    The response and the work it takes are the same: which of the two emails is sent, a task finds
    out (`answering`).
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


@as_worker()
def _register(
    *, email: str, name: str, password: str, origin: Origin, for_session: bool = False
) -> User | None:
    email, name = clean_address(email), clean_name(name)
    check_strength(password)
    count_email_request(email, origin)
    count_address(email)
    hashed = make_password(password)

    def work() -> User | None:
        if for_session:
            user = _insert_or_duplicate(email=email, name=name, password_hash=hashed)
            new_id = user.pk
        else:
            user = None
            new_id = _insert_unless_known(email=email, name=name, password_hash=hashed)
        request_email(RequestKind.REGISTRATION, email=email, user_id=new_id)
        return user

    return run_in_transaction(work)


def request_address_verification(*, user_id: UUID, origin: Origin) -> None:
    """Send the verification email again; does nothing if the email address is verified.

    For a duplicate, the owner of the address gets the email about the existing account again.
    Raises TooManyAttempts, UserNotFound.
    """
    user = active_user(user_id)
    if user is None:
        raise UserNotFound
    if user.is_verified:
        return
    count_email_request(user.email, origin)
    run_in_transaction(
        lambda: request_email(RequestKind.VERIFICATION, email=user.email, user_id=user.pk)
    )


@as_worker()
def user_to_verify(*, token: str) -> User:
    """Return the user of a verification link, who may be verified already.

    Raises LinkExpired.
    """
    return _user_of(token, User.objects.with_keys().active())


@as_worker()
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


@as_worker()
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


@as_worker()
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


@as_worker()
def find_or_create_guest(*, email: str, name: str) -> User:
    """Return the account of an email address, or create one without a password.

    An existing account is unchanged: a guest's booking itself calls
    `verification.end_unverified_password`.
    Raises AddressInvalid, NameInvalid, AccountInactive, TooManyAttempts.
    """
    email, name = clean_address(email), clean_name(name)
    count_guest(email)

    key, user = _sealed(email=email, name=name, password_hash=make_password(None))

    def insert() -> UUID | None:
        user_id: UUID | None
        ((user_id,),) = execute_prepared(
            connection,
            GUEST,
            [
                facts_for(connection),
                user.pk,
                digests_of_address(email),
                user.sealed_email,
                user.sealed_name,
                user.password,
                key.wrapped_key,
                key.wrapping_key_name,
            ],
        )
        return user_id

    user_id = run_in_statement(insert)
    found = user_by_id(user_id) if user_id else None
    if found is None:
        raise UserNotFound
    if not found.is_active:
        raise AccountInactive
    return found


def _insert_or_duplicate(*, email: str, name: str, password_hash: str) -> User:
    """Insert a user, as a duplicate if another has this email address; the same work either way."""
    is_known = User.objects.with_address(email).exists()
    try:
        return User.objects.create_user(
            email=email, name=name, password_hash=password_hash, is_duplicate=is_known
        )
    except IntegrityError as error:
        # Another request inserted the same email address first.
        if violated_constraint(error) != "unq_user_email_digest":
            raise
        return User.objects.create_user(
            email=email, name=name, password_hash=password_hash, is_duplicate=True
        )


def _insert_unless_known(*, email: str, name: str, password_hash: str) -> UUID:
    """Insert a user, unless one has this email address; return the id of the new user.

    Takes the same statements either way, and no error of the database, whose log would show values.
    """
    # The digest of a known address may be from before a new EVENTLY_DIGEST_KEY.
    known = User.objects.with_address(email).values_list("email_digest", flat=True).first()
    key, user = _sealed(email=email, name=name, password_hash=password_hash)
    user.email_digest = known or user.email_digest
    User.objects.bulk_create([user], ignore_conflicts=True)
    insert_key_of_user(key)
    return user.pk


def _sealed(*, email: str, name: str, password_hash: str) -> tuple[PersonKey, User]:
    """Return a new user and the user's key, neither of them inserted."""
    user = User(id=uuid7(), password=password_hash)
    key = new_person_key(user_id=user.pk)
    user.seal(key, email=email, name=name)
    return key, user

"""Passwords: checked, changed, reset by an emailed link."""

from uuid import UUID

from django.contrib.auth import password_validation
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db.models import F

from evently.accounts.email_models import RequestKind
from evently.accounts.links import read_password_reset_token
from evently.accounts.locks import lock_user
from evently.accounts.models import User
from evently.accounts.operations.email_requests import request_email
from evently.accounts.operations.rate_limits import PASSWORD_CHECKS, count_email_request
from evently.accounts.operations.verification import revoke_tokens, verify_by_email
from evently.accounts.signals import password_changed
from evently.database.identity import as_worker
from evently.errors import Invalid, NotAllowed
from evently.links import LinkExpired
from evently.origin import Origin
from evently.throttle import count, forgive
from evently.transactions import run_in_transaction

LONGEST_PASSWORD = 1024


class WrongCredentials(NotAllowed):
    """Email address and password do not match; the message does not reveal which one is wrong."""

    code = "wrong_credentials"
    message = "The email address or password is incorrect."


class WrongPassword(Invalid):
    code = "wrong_password"
    message = "Your current password is incorrect."


class WeakPassword(Invalid):
    """The new password fails AUTH_PASSWORD_VALIDATORS, or is too long."""

    code = "weak_password"
    message = "Please choose another password."


def check_strength(password: str) -> None:
    """Validate a new password.

    Raises WeakPassword, with a sentence for each failed rule.
    """
    sentences = []
    if len(password) > LONGEST_PASSWORD or not is_encodable(password):
        sentences = [f"Passwords have at most {LONGEST_PASSWORD} characters, and no invalid ones."]
    else:
        try:
            password_validation.validate_password(password)
        except ValidationError as error:
            sentences = error.messages
    if sentences:
        text = " ".join(sentences)
        raise WeakPassword(text, fields={"password": text})


def is_encodable(text: str) -> bool:
    """Return whether a text can be encoded and hashed (lone surrogates from JSON cannot)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def request_password_reset(*, email: str, origin: Origin) -> None:
    """Email a password reset link to the user with this email address; ignores unknown addresses.

    The look-up is left to a task, so that the time it takes does not reveal who has an account.
    Raises TooManyAttempts.
    """
    count_email_request(email, origin)
    run_in_transaction(lambda: request_email(RequestKind.PASSWORD_RESET, email=email))


@as_worker()
def reset_password(*, token: str, password: str) -> User:
    """Set a password by an emailed link, once; ends all sessions and revokes all API tokens.

    The link also verifies the email address.
    Raises LinkExpired, WeakPassword.
    """
    user_id, link_version = read_password_reset_token(token)
    check_strength(password)
    hashed = make_password(password)

    def work() -> User:
        user = lock_active(user_id, link_version)
        # Counted first: verifying an unverified address revokes them as well.
        revoked = revoke_tokens(user)
        verify_by_email(user)
        user.password = hashed
        user.link_version += 1
        user.save(update_fields=["password", "link_version"])
        password_changed.send(sender=User, user=user, tokens_revoked=revoked)
        return user

    return run_in_transaction(work)


def change_password(
    *,
    user_id: UUID,
    current_password: str,
    password: str,
    keep_tokens: bool = False,
    session: str | None = None,
) -> User:
    """Change the password of a user who knows the current one; ends all other sessions.

    Also revokes all API tokens, unless keep_tokens, and ends emailed links. A guest, who has no
    password and logged in by an emailed link, sets a first one. The view keeps the current session
    with `update_session_auth_hash(request, user)`. session: the caller's `get_session_auth_hash()`;
    see `lock_user`.
    Raises WrongPassword, WeakPassword, TooManyAttempts, UserNotFound, SessionEnded.
    """
    check_strength(password)
    hashed = make_password(password)

    def work() -> User:
        user = lock_user(user_id, session=session)
        if user.has_usable_password() and not password_matches(user, current_password):
            raise WrongPassword(fields={"current_password": WrongPassword.message})
        user.password = hashed
        user.link_version = F("link_version") + 1
        user.save(update_fields=["password", "link_version"])
        user.refresh_from_db(fields=["link_version"])
        revoked = None if keep_tokens else revoke_tokens(user)
        if not user.is_duplicate:
            password_changed.send(sender=User, user=user, tokens_revoked=revoked)
        return user

    counted = count((PASSWORD_CHECKS, str(user_id)))
    user = run_in_transaction(work)
    forgive(counted)
    return user


def password_matches(user: User, password: str) -> bool:
    """Return whether this is the user's password; takes as long for a user who has none."""
    if not is_encodable(password) or len(password) > LONGEST_PASSWORD:
        password = ""
    return user.check_password(password)


@as_worker()
def lock_active(user_id: UUID, link_version: int) -> User:
    """Lock the user of a one-time link.

    Raises LinkExpired if it was used, or the account has been deactivated or deleted.
    """
    users = User.objects.with_keys().active().select_for_update(of=("self",), no_key=True)
    user = users.filter(pk=user_id, link_version=link_version).first()
    if user is None:
        raise LinkExpired
    return user

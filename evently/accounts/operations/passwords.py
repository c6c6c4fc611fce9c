"""Passwords: checked, changed, reset by a mailed link."""

from uuid import UUID

from django.contrib.auth import password_validation
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db.models import F

from evently.accounts.links import read_password_reset_token
from evently.accounts.locks import lock_user
from evently.accounts.models import User
from evently.accounts.operations.limits import PASSWORD_CHECKS, count_mail
from evently.accounts.operations.proof import prove_address, revoke_tokens
from evently.accounts.queries import user_with_address
from evently.accounts.signals import password_reset_requested
from evently.errors import Invalid, NotAllowed
from evently.links import LinkExpired
from evently.origin import Origin
from evently.throttle import count, forgive
from evently.transactions import run_in_transaction

LONGEST_PASSWORD = 1024


class WrongCredentials(NotAllowed):
    """Address and password do not belong together; it is not said which one is wrong."""

    code = "wrong_credentials"
    message = "The e-mail address or the password is not right."


class WrongPassword(Invalid):
    """The current password was not right."""

    code = "wrong_password"
    message = "Your current password is not right."


class WeakPassword(Invalid):
    """The new password is too easy to guess."""

    code = "weak_password"
    message = "Please choose another password."


def check_new(password: str) -> None:
    """Refuse a new password that is too easy to guess.

    Raises WeakPassword with a sentence on what is wrong with it.
    """
    sentences = []
    if len(password) > LONGEST_PASSWORD or not is_encodable(password):
        sentences = [f"A password has at most {LONGEST_PASSWORD} ordinary characters."]
    else:
        try:
            password_validation.validate_password(password)
        except ValidationError as error:
            sentences = error.messages
    if sentences:
        text = " ".join(sentences)
        raise WeakPassword(text, fields={"password": text})


def is_encodable(text: str) -> bool:
    """Return whether a text can be hashed at all (lone surrogates from JSON cannot)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def request_password_reset(*, email: str, origin: Origin) -> None:
    """Mail the owner of an address a link to set a password; does the same for nobody.

    Raises TooManyAttempts.
    """
    count_mail(email, origin)

    def work() -> None:
        user = user_with_address(email)
        if user is not None and user.is_active:
            password_reset_requested.send(sender=User, user=user)

    run_in_transaction(work)


def reset_password(*, token: str, password: str) -> User:
    """Set a password by a mailed link, once; ends all sessions and revokes all API tokens.

    The link also shows that the address is the user's.
    Raises LinkExpired, WeakPassword.
    """
    user_id, link_version = read_password_reset_token(token)
    check_new(password)
    hashed = make_password(password)

    def work() -> User:
        user = lock_active(user_id, link_version)
        prove_address(user)
        revoke_tokens(user)
        user.password = hashed
        user.link_version += 1
        user.save(update_fields=["password", "link_version"])
        return user

    return run_in_transaction(work)


def change_password(
    *, user_id: UUID, current_password: str, password: str, session: str | None = None
) -> User:
    """Change the password of somebody who knows it; ends all other sessions.

    A guest, who has none and came in by a mailed link, sets their first one. The view keeps its
    own session with `update_session_auth_hash(request, user)`. session: the
    `get_session_auth_hash()` of whoever asks, which must still hold.
    Raises WrongPassword, WeakPassword, TooManyAttempts, UserNotFound, SessionEnded.
    """
    check_new(password)
    hashed = make_password(password)

    def work() -> User:
        user = lock_user(user_id, session=session)
        if user.has_usable_password() and not fits(user, current_password):
            raise WrongPassword(fields={"current_password": WrongPassword.message})
        user.password = hashed
        user.link_version = F("link_version") + 1
        user.save(update_fields=["password", "link_version"])
        user.refresh_from_db(fields=["link_version"])
        return user

    counted = count((PASSWORD_CHECKS, str(user_id)))
    user = run_in_transaction(work)
    forgive(counted)
    return user


def fits(user: User, password: str) -> bool:
    """Return whether a password is the user's; takes as long for one who has none."""
    if not is_encodable(password) or len(password) > LONGEST_PASSWORD:
        password = ""
    return user.check_password(password)


def lock_active(user_id: UUID, link_version: int) -> User:
    """Lock the user that a one-time link was made for.

    Raises LinkExpired where it was used, or the account was closed since.
    """
    users = User.objects.with_keys().active().select_for_update(of=("self",), no_key=True)
    user = users.filter(pk=user_id, link_version=link_version).first()
    if user is None:
        raise LinkExpired
    return user

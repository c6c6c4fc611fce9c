"""Second factors: authenticator apps and recovery codes, set up, checked, removed, reset.

Passkeys are in `passkeys`. The first factor of a user brings recovery codes and ends all other
sessions, which were logged in without it; with the last factor, the recovery codes go, too.
"""

import secrets
from base64 import b32encode
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import pyotp
from django.conf import settings
from django.utils.crypto import constant_time_compare

from evently.accounts.locks import UserNotFound, lock_user
from evently.accounts.models import (
    Passkey,
    RecoveryCode,
    SecondFactorReset,
    TotpFactor,
    User,
)
from evently.accounts.operations.rate_limits import CODES, CODES_A_DAY
from evently.accounts.second_factor_state import has_second_factor, is_factor_required
from evently.accounts.security_log import login_failed
from evently.accounts.signals import SecondFactorChange, second_factor_changed
from evently.database.clock import now
from evently.database.identity import as_worker
from evently.errors import Conflict, Invalid, NotAllowed, NotFound
from evently.throttle import Counted, TooManyAttempts, count_attempts, forgive
from evently.transactions import run_in_transaction
from evently.visible_text import clean_line, has_controls, is_visible

STEP_SECONDS = 30
DIGITS = 6
# Clocks of phones differ: the step before and the one after count, too.
DRIFT_STEPS = 1
RECOVERY_CODES = 10
RECOVERY_CODE_BYTES = 10
GROUP = 4
LONGEST_CODE = 40
LONGEST_REASON = 500
WRONG_FIRST_CODE = (
    "This code is wrong or too old. Enter the one that your app shows now. If that is refused too, "
    "check that your phone sets its clock by itself."
)
# Digits that are no part of a recovery code, for the letters that they are mistaken for.
MISREAD = str.maketrans("018", "olb")


class WrongCode(NotAllowed):
    """The code is wrong, too old, or was used before."""

    code = "wrong_code"
    message = (
        "This code is wrong or was used already. Enter the code that your app shows now, or a "
        "recovery code that you have not used."
    )


class SecondFactorRequired(NotAllowed):
    """The password was right, and the account has a second factor (for the API)."""

    code = "second_factor_required"
    message = (
        "This account has a second factor. Send a code of its authenticator app, or a recovery "
        "code, as otp. With passkeys only, create the token on the account page."
    )


class SetupRequired(NotAllowed):
    """SECOND_FACTOR_REQUIRED asks for a second factor, and the account has none."""

    code = "second_factor_setup_required"
    message = (
        "Organizers need a second factor on this site. Set one up on the account page, under "
        "Two-step login; then this works, also with tokens made before."
    )


class AppExists(Conflict):
    code = "app_exists"
    message = "An authenticator app is set up already. Remove it before you set up another one."


class AddressFirst(Conflict):
    """Whoever signed up with another person's address must not lock its owner out."""

    code = "address_unproven"
    message = "Confirm your email address first: open the link in the email that we sent you."


class NoApp(NotFound):
    message = "The set-up of the authenticator app has ended. Please start again."


class FactorStays(Conflict):
    """The setting SECOND_FACTOR_REQUIRED asks for one, and this is the last."""

    code = "second_factor_stays"
    message = (
        "Your role needs a second factor on this site, and this is your only one. Set up another "
        "one first."
    )


class ReasonInvalid(Invalid):
    code = "reason_invalid"
    message = f"Enter a reason of at most {LONGEST_REASON} characters."


# ── Authenticator apps ──────────────────────────────────────────────────────
def begin_app(*, user_id: UUID, session: str | None = None) -> None:
    """Make the secret of an authenticator app, which counts once a code has confirmed it.

    A secret that was not confirmed is replaced. session: the caller's `get_session_auth_hash()`;
    see `lock_user`. Raises AppExists, AddressFirst, UserNotFound, SessionEnded.
    """

    def work() -> None:
        user = lock_user(user_id, session=session)
        refuse_unconfirmed(user)
        if user.key is None:
            raise UserNotFound
        if TotpFactor.objects.filter(user=user, confirmed_at__isnull=False).exists():
            raise AppExists
        TotpFactor.objects.filter(user=user).delete()
        sealed = user.key.seal("totp_secret", pyotp.random_base32())
        TotpFactor.objects.create(user=user, secret=sealed)

    run_in_transaction(work)


def confirm_app(*, user_id: UUID, code: str, session: str | None = None) -> list[str]:
    """Confirm the secret by a code of the app; from then on, logging in asks for one.

    Returns new recovery codes if this is the user's first factor, else []. It ends all other
    sessions then; the view keeps its own (`sessions.keep_session`).
    Raises WrongCode, NoApp, TooManyAttempts, UserNotFound, SessionEnded.
    """

    def work() -> list[str]:
        user = lock_user(user_id, session=session)
        factor = _locked_app(user_id, confirmed=False)
        if factor is None:
            raise NoApp
        step = _step_of(user, factor, code)
        if step is None:
            raise WrongCode(WRONG_FIRST_CODE)
        had_factor = has_second_factor(user_id)
        factor.last_step, factor.confirmed_at = step, now()
        factor.save(update_fields=["last_step", "confirmed_at"])
        codes = [] if had_factor else first_factor(user)
        announce(user, SecondFactorChange.APP_ADDED)
        return codes

    counted = count_codes(user_id)
    codes = run_in_transaction(work)
    forgive(counted)
    return codes


def remove_app(*, user_id: UUID, session: str | None = None) -> None:
    """Remove the authenticator app of a user who has just proved to be the owner.

    Raises NoApp, FactorStays, UserNotFound, SessionEnded.
    """

    def work() -> None:
        user = lock_user(user_id, session=session)
        deleted, _ = TotpFactor.objects.filter(user=user, confirmed_at__isnull=False).delete()
        if not deleted:
            raise NoApp("The authenticator app has been removed already.")
        after_removal(user, SecondFactorChange.APP_REMOVED)

    run_in_transaction(work)


# ── What all factors share ──────────────────────────────────────────────────
def refuse_unconfirmed(locked_user: User) -> None:
    """Raise AddressFirst if the email address may be another person's."""
    if not locked_user.is_verified:
        raise AddressFirst


def remove_factors_since(locked_user: User, at: datetime) -> None:
    """Remove what was set up from a moment on, when the account may have been taken over.

    Recovery codes stay only with a factor from before, and if they are from before, too.
    """
    for rows in (TotpFactor, Passkey, RecoveryCode):
        rows.objects.filter(user=locked_user, created_at__gte=at).delete()
    if not has_second_factor(locked_user.pk):
        RecoveryCode.objects.filter(user=locked_user).delete()


def first_factor(locked_user: User) -> list[str]:
    """Make the recovery codes that come with a first factor, and end sessions without it."""
    locked_user.session_version += 1
    locked_user.save(update_fields=["session_version"])
    return _new_codes(locked_user)


def after_removal(locked_user: User, change: SecondFactorChange, *, name: str = "") -> None:
    """Announce that a factor was removed; with the last one, the recovery codes go.

    Raises FactorStays, if the user's role needs a factor.
    """
    if not has_second_factor(locked_user.pk):
        if is_factor_required(locked_user):
            raise FactorStays
        RecoveryCode.objects.filter(user=locked_user).delete()
    announce(locked_user, change, name=name)


def announce(user: User, change: SecondFactorChange, *, name: str = "", left: int = 0) -> None:
    second_factor_changed.send(sender=User, user=user, change=change, name=name, left=left)


# ── Recovery codes ──────────────────────────────────────────────────────────
def make_recovery_codes(*, user_id: UUID, session: str | None = None) -> list[str]:
    """Return new recovery codes, shown this once; earlier ones end.

    Raises NoApp if there is no factor to recover, UserNotFound, SessionEnded.
    """

    def work() -> list[str]:
        user = lock_user(user_id, session=session)
        if not has_second_factor(user_id):
            raise NoApp("Set up two-step login first.")
        codes = _new_codes(user)
        announce(user, SecondFactorChange.CODES_MADE)
        return codes

    return run_in_transaction(work)


def _new_codes(locked_user: User) -> list[str]:
    RecoveryCode.objects.filter(user=locked_user).delete()
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=locked_user, digest=_digest_of_code(locked_user.pk, code))
        for code in codes
    )
    return codes


def _new_code() -> str:
    text = b32encode(secrets.token_bytes(RECOVERY_CODE_BYTES)).decode().lower()
    return "-".join(text[at : at + GROUP] for at in range(0, len(text), GROUP))


def _digest_of_code(user_id: UUID, code: str) -> str:
    letters = "".join(char for char in code.lower() if char.isalnum()).translate(MISREAD)
    return sha256(f"{user_id}:{letters}".encode("utf-8", "surrogatepass")).hexdigest()


# ── Checking a code ─────────────────────────────────────────────────────────
@as_worker()
def check_code(*, user_id: UUID, code: str) -> int | None:
    """Use up a code of the app, or a recovery code, of a user whose password was right.

    Returns how many recovery codes are left if it was one, else None. Wrong ones count towards
    limits per account; its owner is told once they are reached.
    Raises WrongCode, TooManyAttempts.
    """

    def work() -> int | None:
        user = User.objects.with_keys().active().filter(pk=user_id).first()
        if user is None:
            raise WrongCode
        return None if _use_app_code(user, code) else _use_recovery_code(user, code)

    counted = count_codes(user_id)
    try:
        left = run_in_transaction(work)
    except WrongCode:
        login_failed(user_id=user_id, reason="wrong code")
        raise
    forgive(counted)
    return left


def check_second_step(*, user: User, code: str) -> None:
    """Check the code that a program sends with the password, if the account has a second factor.

    Raises SecondFactorRequired without a code, WrongCode, TooManyAttempts.
    """
    if not has_second_factor(user.pk):
        return
    if not code:
        raise SecondFactorRequired
    check_code(user_id=user.pk, code=code)


@as_worker()
def count_codes(user_id: UUID) -> list[Counted]:
    """Count an attempt with a code; pass the result to `throttle.forgive` if it succeeds.

    Raises TooManyAttempts, and tells the owner when it does so for the first time in a while:
    whoever gets here knows the password.
    """
    counted = count_attempts((CODES, str(user_id)), (CODES_A_DAY, str(user_id)))
    exceeded = [one for one in counted if one.is_exceeded]
    if not exceeded:
        return counted
    if any(one.used == one.limit.most + 1 for one in exceeded):
        run_in_transaction(lambda: _announce_guesses(user_id))
    raise TooManyAttempts(retry_after_seconds=max(one.retry_after_seconds for one in exceeded))


@as_worker()
def _announce_guesses(user_id: UUID) -> None:
    user = User.objects.with_keys().active().filter(pk=user_id).first()
    if user is not None and has_second_factor(user_id):
        announce(user, SecondFactorChange.GUESSED)


def _use_app_code(user: User, code: str) -> bool:
    factor = _locked_app(user.pk, confirmed=True)
    if factor is None or (step := _step_of(user, factor, code)) is None:
        return False
    factor.last_step = step
    factor.save(update_fields=["last_step"])
    return True


def _use_recovery_code(user: User, code: str) -> int:
    """Use up a recovery code, and return how many are left. Raises WrongCode."""
    if len(code) > LONGEST_CODE:
        raise WrongCode
    digest = _digest_of_code(user.pk, code)
    codes = RecoveryCode.objects.filter(user=user)
    # One statement, so that of two requests with the same code one finds it unused.
    if not codes.filter(digest=digest, used_at__isnull=True).update(used_at=now()):
        raise WrongCode
    left = codes.filter(used_at__isnull=True).count()
    announce(user, SecondFactorChange.CODE_USED, left=left)
    return left


def _locked_app(user_id: UUID, *, confirmed: bool) -> TotpFactor | None:
    apps = TotpFactor.objects.select_for_update()
    return apps.filter(user_id=user_id, confirmed_at__isnull=not confirmed).first()


def _step_of(user: User, factor: TotpFactor, code: str) -> int | None:
    """Return the step of a code that is right and newer than the last one, else None."""
    digits = "".join(code.split())
    secret = user.key and user.key.open("totp_secret", factor.secret)
    if not secret or len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS)
    current = int(now().timestamp()) // STEP_SECONDS
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        if constant_time_compare(totp.generate_otp(step), digits):
            is_newer = factor.last_step is None or step > factor.last_step
            return step if is_newer else None
    return None


def provisioning_uri(user: User, secret: str) -> str:
    """Return the text of the QR code that authenticator apps scan."""
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS)
    return totp.provisioning_uri(name=user.email, issuer_name=settings.SITE_NAME)


# ── Reset ───────────────────────────────────────────────────────────────────
def reset_second_factor(*, user_id: UUID, reason: str, by_id: UUID | None) -> None:
    """Remove all second factors of a user who has lost them; ends their sessions.

    The user is told by email, with the reason, which stays in the trail, sealed. by_id: the
    superuser; None for the shell command.
    Raises ReasonInvalid, NoApp if there is no factor, UserNotFound.
    """
    reason = clean_line(reason)
    if len(reason) > LONGEST_REASON or has_controls(reason) or not is_visible(reason):
        raise ReasonInvalid(fields={"reason": ReasonInvalid.message})

    def work() -> None:
        user = lock_user(user_id)
        if user.key is None:
            raise UserNotFound
        if not has_second_factor(user_id):
            raise NoApp("This account has no second factor.")
        for rows in (TotpFactor, Passkey, RecoveryCode):
            rows.objects.filter(user_id=user_id).delete()
        user.session_version += 1
        user.save(update_fields=["session_version"])
        reset = SecondFactorReset.objects.create(
            user=user, reset_by_id=by_id, reason=user.key.seal("reset_reason", reason)
        )
        second_factor_changed.send(
            sender=User, user=user, change=SecondFactorChange.RESET, name="", left=0, reset=reset
        )

    run_in_transaction(work)

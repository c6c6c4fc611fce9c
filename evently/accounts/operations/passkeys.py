"""Passkeys: added, used and removed. Browsers and authenticators do the rest (WebAuthn).

A challenge is made by the server for one ceremony, and kept in the session until it is answered
(`evently.accounts.ceremonies`).
"""

import json
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from evently.accounts.locks import lock_user
from evently.accounts.models import Passkey, User
from evently.accounts.operations.rate_limits import LOG_IN_CLIENT
from evently.accounts.operations.second_factors import (
    after_removal,
    announce,
    first_factor,
    refuse_unconfirmed,
)
from evently.accounts.second_factor_state import has_second_factor
from evently.accounts.security_log import login_failed
from evently.accounts.security_models import LONGEST_PASSKEY_NAME
from evently.accounts.signals import SecondFactorChange
from evently.database.clock import now
from evently.database.identity import as_worker
from evently.errors import Conflict, Invalid, NotAllowed, NotFound
from evently.origin import Origin
from evently.throttle import client_of, count, forgive
from evently.transactions import refusing, run_in_transaction
from evently.visible_text import clean_line, has_controls, is_visible

MOST_PASSKEYS = 20
LARGEST_ANSWER = 20_000
TRANSPORTS = frozenset(transport.value for transport in AuthenticatorTransport)
PREFERRED = UserVerificationRequirement.PREFERRED


class WrongPasskey(NotAllowed):
    """The answer is not that of a known passkey to the challenge; says nothing about accounts."""

    code = "wrong_passkey"
    message = "This passkey could not be checked. Please try again, or log in another way."


class PasskeyNotAdded(Invalid):
    code = "passkey_not_added"
    message = "The passkey could not be added. Please try again."


class PasskeyKnown(Conflict):
    code = "passkey_known"
    message = "This passkey has been added already."


class TooManyPasskeys(Conflict):
    code = "too_many_passkeys"
    message = f"An account has at most {MOST_PASSKEYS} passkeys. Remove one first."


class PasskeyNotFound(NotFound):
    message = "This passkey has been removed already."


class PasskeyNameInvalid(Invalid):
    code = "name_invalid"
    message = f"Enter a name of at most {LONGEST_PASSKEY_NAME} characters, such as “My phone”."


# ── Options for the browser ─────────────────────────────────────────────────
def registration_options(*, user: User, passkeys: list[Passkey], challenge: bytes) -> str:
    """Return the options of `navigator.credentials.create`, as JSON."""
    return options_to_json(
        generate_registration_options(
            rp_id=_host(),
            rp_name=settings.SITE_NAME,
            user_id=user.pk.bytes,
            user_name=user.email,
            user_display_name=user.display_name,
            challenge=challenge,
            exclude_credentials=_described(passkeys),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED, user_verification=PREFERRED
            ),
        )
    )


def request_options(*, passkeys: list[Passkey] | None, challenge: bytes) -> str:
    """Return the options of `navigator.credentials.get`, as JSON.

    passkeys: those of the user; None for any passkey of this site, which then has to verify its
    user (a PIN, a fingerprint), as it takes the place of the password.
    """
    verification = UserVerificationRequirement.REQUIRED if passkeys is None else PREFERRED
    return options_to_json(
        generate_authentication_options(
            rp_id=_host(),
            challenge=challenge,
            allow_credentials=_described(passkeys or []),
            user_verification=verification,
        )
    )


def _described(passkeys: list[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(passkey.credential_id),
            transports=[AuthenticatorTransport(name) for name in passkey.transports],
        )
        for passkey in passkeys
    ]


def _host() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or ""


def _origin() -> str:
    parts = urlsplit(settings.PUBLIC_URL)
    return f"{parts.scheme}://{parts.netloc}"


# ── Adding and removing ─────────────────────────────────────────────────────
def add_passkey(
    *, user_id: UUID, name: str, answer: str, challenge: bytes, session: str | None = None
) -> list[str]:
    """Add a passkey; return new recovery codes if it is the user's first factor, else [].

    answer: of `navigator.credentials.create`, as JSON. A first factor ends all other sessions; the
    view keeps its own. session: see `lock_user`.
    Raises PasskeyNameInvalid, PasskeyNotAdded, PasskeyKnown, TooManyPasskeys, AddressFirst,
    UserNotFound, SessionEnded.
    """
    name = clean_line(name)
    if len(name) > LONGEST_PASSKEY_NAME or has_controls(name) or not is_visible(name):
        raise PasskeyNameInvalid(fields={"name": PasskeyNameInvalid.message})
    if len(answer) > LARGEST_ANSWER:
        raise PasskeyNotAdded
    try:
        verified = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=_host(),
            expected_origin=_origin(),
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise PasskeyNotAdded from error

    def work() -> list[str]:
        user = lock_user(user_id, session=session)
        refuse_unconfirmed(user)
        had_factor = has_second_factor(user_id)
        if Passkey.objects.filter(user=user).count() >= MOST_PASSKEYS:
            raise TooManyPasskeys
        with refusing(unq_passkey_credential=PasskeyKnown):
            Passkey.objects.create(
                user=user,
                name=name,
                credential_id=bytes_to_base64url(verified.credential_id),
                public_key=verified.credential_public_key,
                sign_count=verified.sign_count,
                transports=_transports_in(answer),
            )
        codes = [] if had_factor else first_factor(user)
        announce(user, SecondFactorChange.PASSKEY_ADDED, name=name)
        return codes

    return run_in_transaction(work)


def _transports_in(answer: str) -> list[str]:
    """Return how the browser reaches the authenticator; it helps to find it, no more."""
    given: Any = json.loads(answer).get("response", {}).get("transports") or []
    return [name for name in given if name in TRANSPORTS] if isinstance(given, list) else []


def remove_passkey(*, user_id: UUID, passkey_id: UUID, session: str | None = None) -> None:
    """Remove a passkey of a user who has just proved to be the owner.

    Raises PasskeyNotFound, FactorStays, UserNotFound, SessionEnded.
    """

    def work() -> None:
        user = lock_user(user_id, session=session)
        passkey = Passkey.objects.filter(user=user, pk=passkey_id).first()
        if passkey is None:
            raise PasskeyNotFound
        passkey.delete()
        after_removal(user, SecondFactorChange.PASSKEY_REMOVED, name=passkey.name)

    run_in_transaction(work)


# ── Using one ───────────────────────────────────────────────────────────────
@as_worker()
def sign_in_with_passkey(*, answer: str, challenge: bytes, origin: Origin) -> User:
    """Return the active user of a passkey that has verified its user; two factors in one.

    Raises WrongPasskey, TooManyAttempts.
    """
    counted = count((LOG_IN_CLIENT, client_of(origin.ip_address)))
    user = _use(answer, challenge, user_id=None)
    forgive(counted)
    return user


@as_worker()
def check_passkey(*, user_id: UUID, answer: str, challenge: bytes) -> None:
    """Use a passkey of a user as the second factor.

    Raises WrongPasskey.
    """
    _use(answer, challenge, user_id=user_id)


def _use(answer: str, challenge: bytes, *, user_id: UUID | None) -> User:
    given = _parsed(answer)

    def work() -> User:
        passkeys = Passkey.objects.select_for_update().filter(
            credential_id=bytes_to_base64url(given.raw_id)
        )
        passkey = (passkeys if user_id is None else passkeys.filter(user_id=user_id)).first()
        if passkey is None:
            raise WrongPasskey
        user: User | None = User.objects.with_keys().active().filter(pk=passkey.user_id).first()
        handle = given.response.user_handle
        if user is None or (handle and handle != user.pk.bytes):
            raise WrongPasskey
        try:
            verified = verify_authentication_response(
                credential=given,
                expected_challenge=challenge,
                expected_rp_id=_host(),
                expected_origin=_origin(),
                credential_public_key=bytes(passkey.public_key),
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=user_id is None,
            )
        except WebAuthnException as error:
            raise WrongPasskey from error
        passkey.sign_count = verified.new_sign_count
        passkey.last_used_at = now()
        passkey.save(update_fields=["sign_count", "last_used_at"])
        return user

    try:
        return run_in_transaction(work)
    except WrongPasskey:
        login_failed(user_id=user_id, reason="wrong passkey")
        raise


def _parsed(answer: str) -> AuthenticationCredential:
    if len(answer) > LARGEST_ANSWER:
        raise WrongPasskey
    try:
        return parse_authentication_credential_json(answer)
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise WrongPasskey from error

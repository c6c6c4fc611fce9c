"""Changing the email address of an account: confirmed at the new address, undone from the old one.

A change is requested with the password, and takes effect once the link that goes to the new address
is opened. The old address is told then, and can undo it for a week, in case another person made
it: that ends everything that person may have. Whether the new address has an account is not
revealed: the email tells its owner.
"""

from uuid import UUID

from django.db.models import F, Q

from evently.accounts.email_changes import (
    CONFIRM_LIFETIME,
    UNDO_LIFETIME,
    read_change_token,
    read_undo_token,
)
from evently.accounts.locks import UserNotFound, lock_user
from evently.accounts.models import UNUSABLE_PASSWORD, EmailChange, User
from evently.accounts.operations.correction import AddressTaken, SameAddress
from evently.accounts.operations.deletion import DeletionPending
from evently.accounts.operations.passwords import WrongPassword, password_matches
from evently.accounts.operations.rate_limits import PASSWORD_CHECKS, count_email_request
from evently.accounts.operations.second_factors import remove_factors_since
from evently.accounts.operations.verification import mark_verified, revoke_tokens
from evently.accounts.signals import email_change_requested, email_changed
from evently.database.clock import now
from evently.database.identity import as_worker
from evently.errors import Conflict
from evently.links import LinkExpired
from evently.origin import Origin
from evently.privacy.addresses import clean_address, digest_of_address
from evently.throttle import count, forgive
from evently.transactions import refusing, run_in_transaction


class PasswordRequired(Conflict):
    """Without a password, a session that another person has could move the account."""

    code = "password_required"
    message = "Set a password first: it protects your account while its address changes."


def request_email_change(
    *, user_id: UUID, email: str, password: str, origin: Origin, session: str | None = None
) -> None:
    """Email a link that changes the address of an account to the new address.

    An earlier request that was not confirmed ends. session: the caller's
    `get_session_auth_hash()`; see `lock_user`.
    Raises AddressInvalid, SameAddress, PasswordRequired, WrongPassword, DeletionPending,
    TooManyAttempts, UserNotFound, SessionEnded.
    """
    email = clean_address(email)
    count_email_request(email, origin)
    counted = count((PASSWORD_CHECKS, str(user_id)))

    def work() -> None:
        user = lock_user(user_id, session=session)
        key = user.key
        if key is None:
            raise UserNotFound
        if not user.has_usable_password():
            raise PasswordRequired
        if not password_matches(user, password):
            raise WrongPassword(fields={"current_password": WrongPassword.message})
        if user.deletion_due_at is not None:
            raise DeletionPending
        if digest_of_address(user.email) == digest_of_address(email):
            raise SameAddress(fields={"email": SameAddress.message})
        EmailChange.objects.filter(user_id=user.pk, confirmed_at__isnull=True).delete()
        change = EmailChange.objects.create(
            user=user,
            old_email=key.seal("recipient", user.email),
            new_email=key.seal("recipient", email),
        )
        email_change_requested.send(sender=User, user=user, change=change)

    run_in_transaction(work)
    forgive(counted)


@as_worker()
def change_to_confirm(*, token: str) -> EmailChange:
    """Return the change of a link, whose user has the key loaded. Raises LinkExpired."""
    user_id, change_id = read_change_token(token)
    return _open_change(user_id, change_id)


@as_worker()
def confirm_email_change(*, token: str) -> User:
    """Change the address, once; links in emails to the old one end, sessions and tokens stay.

    Raises LinkExpired, AddressTaken: another account got the address first.
    """
    user_id, change_id = read_change_token(token)

    def work() -> User:
        user = _locked(user_id)
        change = _open_change(user_id, change_id)
        key = user.key
        email = key and key.open("recipient", change.new_email)
        if key is None or not email or user.deletion_due_at is not None:
            raise LinkExpired
        if User.objects.with_address(email).exclude(pk=user.pk).exists():
            raise AddressTaken
        was_duplicate = user.is_duplicate
        fields = user.seal(key, email=email)
        _end_links(user, fields)
        with refusing(unq_user_email_digest=AddressTaken):
            user.save(update_fields=fields)
        mark_verified(user)
        EmailChange.objects.filter(pk=change.pk).update(confirmed_at=now())
        change.refresh_from_db(fields=["confirmed_at"])
        if not was_duplicate:
            email_changed.send(sender=User, user=user, change=change)
        return user

    return run_in_transaction(work)


@as_worker()
def change_to_undo(*, token: str) -> EmailChange:
    """Return the change that a link in an email to the old address undoes. Raises LinkExpired."""
    user_id, change_id = read_undo_token(token)
    return _done_change(user_id, change_id)


@as_worker()
def undo_email_change(*, token: str) -> User:
    """Give an account its old address back, and end what another person may have of it.

    Sessions, tokens and the password end, and so do later changes and second factors set up since;
    the holder of the link sets a new password (`links.password_reset_token`). Second factors from
    before the change stay: the link alone must not get past them.
    Raises LinkExpired, AddressTaken.
    """
    user_id, change_id = read_undo_token(token)

    def work() -> User:
        user = _locked(user_id)
        change = _done_change(user_id, change_id)
        key = user.key
        email = key and key.open("recipient", change.old_email)
        if key is None or not email:
            raise LinkExpired
        if User.objects.with_address(email).exclude(pk=user.pk).exists():
            raise AddressTaken
        revoke_tokens(user)
        remove_factors_since(user, change.requested_at)
        fields = user.seal(key, email=email)
        user.password = UNUSABLE_PASSWORD
        user.session_version += 1
        _end_links(user, fields)
        with refusing(unq_user_email_digest=AddressTaken):
            user.save(update_fields=[*fields, "password", "session_version"])
        mark_verified(user)
        changes = EmailChange.objects.filter(user_id=user.pk)
        changes.filter(confirmed_at__isnull=True).delete()
        # Those after it, too: else the person could undo the undoing.
        changes.filter(
            Q(confirmed_at__gte=F("requested_at")),
            confirmed_at__gte=change.confirmed_at,
            undone_at__isnull=True,
        ).update(undone_at=now())
        return user

    return run_in_transaction(work)


def _end_links(user: User, fields: list[str]) -> None:
    for version in ("link_version", "links_version"):
        setattr(user, version, getattr(user, version) + 1)
        fields.append(version)


def _locked(user_id: UUID) -> User:
    try:
        user = lock_user(user_id)
    except UserNotFound:
        raise LinkExpired from None
    if not user.is_active:
        raise LinkExpired
    return user


def _open_change(user_id: UUID, change_id: UUID) -> EmailChange:
    return _found(
        Q(confirmed_at__isnull=True, requested_at__gt=now() - CONFIRM_LIFETIME), user_id, change_id
    )


def _done_change(user_id: UUID, change_id: UUID) -> EmailChange:
    return _found(
        Q(undone_at__isnull=True, confirmed_at__gt=now() - UNDO_LIFETIME), user_id, change_id
    )


def _found(state: Q, user_id: UUID, change_id: UUID) -> EmailChange:
    changes = EmailChange.objects.select_related("user__person_key").filter(
        state, user_id=user_id, pk=change_id, user__deleted_at__isnull=True
    )
    change = changes.first()
    if change is None:
        raise LinkExpired
    return change

"""Correcting a mistyped email address that has not been confirmed.

The account is that of a guest: it was made by a booking, has no password, and belongs to the owner
of an address that was never meant. So it gets the right one, and what went to the wrong one ends.
Whether the person who asks may do that depends on what the account has booked, which is for the
caller to check (`boxoffice.lifecycle.operations.addresses`).
"""

from evently.accounts.models import User
from evently.accounts.operations.verification import revoke_tokens
from evently.database.identity import as_worker
from evently.errors import Conflict, Invalid
from evently.privacy.addresses import clean_address, digests_of_address
from evently.transactions import refusing


class AddressConfirmed(Conflict):
    """The owner has proved that the address is right, or the account has a password."""

    code = "address_confirmed"
    message = (
        "This account has been confirmed by its owner or has a password, so only the owner can "
        "change its email address, on the account page."
    )


class AddressTaken(Conflict):
    code = "address_taken"
    message = "This email address belongs to another account."


class SameAddress(Invalid):
    code = "same_address"
    message = "This is the email address that the account has."


def is_correctable(user: User) -> bool:
    """Return whether an account is that of a guest whose address is not confirmed."""
    return not (
        user.is_verified
        or user.has_usable_password()
        or user.is_staff
        or not user.is_active
        or user.is_duplicate
        or user.deleted_at is not None
        or user.deletion_due_at is not None
    )


@as_worker()
def correct_email(locked_user: User, email: str) -> None:
    """Change the address of a guest's account, inside the caller's transaction.

    Links of earlier emails end, for the account as well as for its bookings and waitlist entries.
    Raises AddressInvalid, AddressConfirmed, SameAddress, AddressTaken.
    """
    email = clean_address(email)
    key = locked_user.key
    if key is None or not is_correctable(locked_user):
        raise AddressConfirmed
    if locked_user.email_digest in digests_of_address(email):
        raise SameAddress(fields={"email": SameAddress.message})
    if User.objects.with_address(email).exists():
        raise AddressTaken
    revoke_tokens(locked_user)
    fields = locked_user.seal(key, email=email)
    for version in ("link_version", "session_version", "links_version"):
        setattr(locked_user, version, getattr(locked_user, version) + 1)
        fields.append(version)
    with refusing(unq_user_email_digest=AddressTaken):
        locked_user.save(update_fields=fields)

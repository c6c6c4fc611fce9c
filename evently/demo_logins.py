"""The demo's logins, whose password is public. The demo itself is in `boxoffice/demo`."""

from django.contrib.auth.hashers import check_password, make_password

from evently.accounts.models import Role, User
from evently.privacy.addresses import digests_of_address
from evently.transactions import run_in_transaction

ORGANIZER = "organizer@evently.example"
ATTENDEE = "attendee@evently.example"
PASSWORD = "evently-demo"  # noqa: S105


def open_logins() -> list[str]:
    """Return the email addresses that anyone can log in with."""
    return [
        address
        for address in (ORGANIZER, ATTENDEE)
        for password in User.objects.active()
        .filter(email_digest__in=digests_of_address(address))
        .values_list("password", flat=True)
        if check_password(PASSWORD, password)
    ]


def close_logins() -> list[str]:
    """Deactivate the demo's logins and return their email addresses.

    Ends their password, role, sessions and API tokens.
    """
    addresses = open_logins()

    def work() -> None:
        digests = [one for address in addresses for one in digests_of_address(address)]
        locked = User.objects.select_for_update(no_key=True).filter(email_digest__in=digests)
        for user in locked.order_by("pk"):
            user.password = make_password(None)
            user.is_active = user.is_superuser = False
            user.role = Role.USER
            user.session_version += 1
            user.save(
                update_fields=["password", "is_active", "is_superuser", "role", "session_version"]
            )

    run_in_transaction(work)
    return addresses

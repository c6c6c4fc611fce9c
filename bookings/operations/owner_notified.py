"""The answer to a guest whose request was refused for a reason that only the owner may learn."""

from evently.errors import Conflict


class OwnerNotified(Conflict):
    """Nothing was booked, for a reason that is only emailed to the owner of the email address."""

    code = "owner_told"
    message = "We are sending an email with the next steps to this email address."

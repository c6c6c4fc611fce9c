"""Rate limits of account operations. Failed logins count, and every request for an email."""

from datetime import timedelta

from evently.origin import Origin
from evently.privacy.addresses import digest_of_address, digest_of_mailbox
from evently.throttle import Counted, Limit, client_of, count, count_attempt

# One client, one email address: a forgotten password, or guessing.
LOG_IN_PAIR = Limit("log_in_pair", most=5, window=timedelta(minutes=15))
# All clients, one email address; larger, so that others cannot easily lock a user out.
LOG_IN_ADDRESS = Limit("log_in_address", most=50, window=timedelta(hours=1))
# One client, all email addresses; a whole venue may share one IP address.
LOG_IN_CLIENT = Limit("log_in_client", most=100, window=timedelta(minutes=15))
PASSWORD_CHECKS = Limit("password_checks", most=10, window=timedelta(minutes=15))
# Codes of a second factor, for one account, by those who know its password. Three codes are right
# at a time, so guessing on for a year has a chance of three in a hundred.
CODES = Limit("codes", most=5, window=timedelta(minutes=15))
CODES_A_DAY = Limit("codes_a_day", most=25, window=timedelta(days=1))
# Challenges for passkeys from one client: each keeps one in a session.
PASSKEY_QUESTIONS = Limit("passkey_questions", most=300, window=timedelta(minutes=15))
MAILS_TO_ADDRESS = Limit("mails_to_address", most=5, window=timedelta(hours=1))
MAILS_BY_CLIENT = Limit("mails_by_client", most=200, window=timedelta(hours=1))
# Guests need not verify their email address, and its owner gets an email each time.
GUESTS_OF_ADDRESS = Limit("guests_of_address", most=20, window=timedelta(hours=1))
# Different addresses of one mailbox, as in ana+1@example.org, that sign up or book as guests: each
# may be another account. Counted whether or not there is one.
FIRST_OF_ADDRESS = Limit("first_of_address", most=1, window=timedelta(days=1))
ADDRESSES_OF_MAILBOX = Limit("addresses_of_mailbox", most=5, window=timedelta(days=1))


def count_login(email: str, origin: Origin) -> list[Counted]:
    """Count a login attempt; pass the result to `throttle.forgive` if it succeeds.

    Raises TooManyAttempts.
    """
    address, client = digest_of_address(email), client_of(origin.ip_address)
    return count(
        (LOG_IN_PAIR, f"{address}:{client or ''}"),
        (LOG_IN_ADDRESS, address),
        (LOG_IN_CLIENT, client),
    )


def count_email_request(email: str, origin: Origin) -> None:
    """Count a request for an email, whether or not there is an account to send it to.

    Raises TooManyAttempts.
    """
    count(
        (MAILS_TO_ADDRESS, digest_of_mailbox(email)),
        (MAILS_BY_CLIENT, client_of(origin.ip_address)),
    )


def count_guest(email: str) -> None:
    """Count a guest's booking or waitlist entry under an email address.

    Raises TooManyAttempts.
    """
    count((GUESTS_OF_ADDRESS, digest_of_mailbox(email)))
    count_address(email)


def count_address(email: str) -> None:
    """Count an email address that may get an account towards those of its mailbox.

    Raises TooManyAttempts.
    """
    address = digest_of_address(email)
    if not count_attempt(FIRST_OF_ADDRESS, address).is_exceeded:
        count((ADDRESSES_OF_MAILBOX, digest_of_mailbox(email)))

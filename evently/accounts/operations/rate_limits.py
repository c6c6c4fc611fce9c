"""How often what may be tried. Only failed log-ins count; every request for a mail does."""

from datetime import timedelta

from evently.origin import Origin
from evently.privacy.addresses import digest_of_address
from evently.throttle import Counted, Limit, client_of, count

# One client against one address: a person who forgot, or somebody guessing.
LOG_IN_PAIR = Limit("log_in_pair", most=5, window=timedelta(minutes=15))
# All clients against one address; larger, so that strangers cannot easily lock somebody out.
LOG_IN_ADDRESS = Limit("log_in_address", most=50, window=timedelta(hours=1))
# One client against all addresses; a whole venue may sit behind one.
LOG_IN_CLIENT = Limit("log_in_client", most=100, window=timedelta(minutes=15))
PASSWORD_CHECKS = Limit("password_checks", most=10, window=timedelta(minutes=15))
MAILS_TO_ADDRESS = Limit("mails_to_address", most=5, window=timedelta(hours=1))
MAILS_BY_CLIENT = Limit("mails_by_client", most=200, window=timedelta(hours=1))
# Guests need no proof of their address, and its owner is written to each time.
GUESTS_OF_ADDRESS = Limit("guests_of_address", most=20, window=timedelta(hours=1))


def count_log_in(email: str, origin: Origin) -> list[Counted]:
    """Count an attempt to log in; forgive it when it succeeds.

    Raises TooManyAttempts.
    """
    address, client = digest_of_address(email), client_of(origin.ip_address)
    return count(
        (LOG_IN_PAIR, f"{address}:{client or ''}"),
        (LOG_IN_ADDRESS, address),
        (LOG_IN_CLIENT, client),
    )


def count_mail(email: str, origin: Origin) -> None:
    """Count a request that makes a mail go out, whether or not there is such an account.

    Raises TooManyAttempts.
    """
    count(
        (MAILS_TO_ADDRESS, digest_of_address(email)),
        (MAILS_BY_CLIENT, client_of(origin.ip_address)),
    )


def count_guest(email: str) -> None:
    """Count somebody who books or joins a line under an address without having logged in.

    Raises TooManyAttempts.
    """
    count((GUESTS_OF_ADDRESS, digest_of_address(email)))

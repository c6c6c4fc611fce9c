"""How often guests may book or join: from one client, and from one network.

A guest types an email address, which need not be theirs, so that one client could take a place
under each of many invented ones. A school, a company or a mobile carrier shares an address, so each
event is counted by itself, and logging in lifts the limit. What is refused for a reason that holds
for anyone does not count; what is refused for one that only the owner of the address may learn
does, as counting must not reveal it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings

from bookings.operations.owner_notified import OwnerNotified
from evently.errors import Busy
from evently.formatting import counted as counted_noun
from evently.origin import Origin
from evently.throttle import Counted, Limit, client_of, count_attempts, forgive, network_of

HOUR = timedelta(hours=1)
# A network has so many times as much as one client.
CLIENTS_OF_NETWORK = 4


class GuestLimit(Busy):
    """Too many guests have booked or joined from one client or network to do so without login."""

    code = "guest_limit"


@dataclass(frozen=True)
class GuestForms:
    """What guests submit. share: how often, as a multiple of GUESTS_PER_HOUR. done: in words."""

    name: str
    share: int
    done: str


JOINS = GuestForms("guest_joins", share=1, done="This waitlist has been joined")
# Whole classes and companies book at once, and a booking costs seats at once: those are limited
# for each person.
BOOKINGS = GuestForms("guest_bookings", share=2, done="This event has been booked")


def count_guest(forms: GuestForms, *, event_id: UUID, origin: Origin) -> list[Counted]:
    """Count a guest's form; pass the result to `only_what_was_sent_counts`.

    Raises GuestLimit.
    """
    most = settings.GUESTS_PER_HOUR * forms.share
    limits = (
        (f"{forms.name}_of_client", most, client_of(origin.ip_address)),
        (f"{forms.name}_of_network", most * CLIENTS_OF_NETWORK, network_of(origin.ip_address)),
    )
    counted = count_attempts(
        *(
            (Limit(name, most=most, window=HOUR), f"{event_id}:{subject}")
            for name, most, subject in limits
            if subject is not None
        )
    )
    exceeded = [one.retry_after_seconds for one in counted if one.is_exceeded]
    if exceeded:
        # One client that goes on must not use up the limit of its network.
        forgive(counted)
        wait = max(exceeded)
        minutes = counted_noun(-(-wait // 60), "minute")
        raise GuestLimit(
            f"{forms.done} very often from your internet connection within an hour, without "
            f"logging in. Log in to go on at once, or try again in {minutes}.",
            retry_after_seconds=wait,
        )
    return counted


@contextmanager
def only_what_was_sent_counts(counted: list[Counted]) -> Iterator[None]:
    """Uncount a form if the block fails for a reason that the guest is shown."""
    try:
        yield
    except OwnerNotified:
        raise
    except Exception:
        forgive(counted)
        raise

"""Refuse seats of an event that is sold out, before a booking is tried.

In a rush most attempts end like this. One statement, `evently_refuse_sold_out`, judges by the rules
that triggers apply to bookings, and logs the attempt; it writes nothing else and waits for no lock
on the event.
"""

import json

from django.db import connection

from bookings.models import Booking
from bookings.operations.refusals import REFUSALS
from evently.audit.context import facts_for
from evently.database.prepared import execute_prepared
from evently.errors import DomainError
from evently.idempotency.keys import Idempotency, claim_of
from evently.origin import Origin
from evently.transactions import refusing

REFUSE = """
    SELECT evently_refuse_sold_out(%s::text[], %s::text[], %s::jsonb,
        %s::uuid, %s::uuid, %s::int, %s::text, %s::inet, %s::text)
"""
EVIDENT: dict[str, type[DomainError]] = {
    rule: refusal for rule, refusal in REFUSALS.items() if issubclass(refusal, DomainError)
}
CODES = {rule: refusal.code for rule, refusal in EVIDENT.items()}


def refuse_sold_out(
    booking: Booking, *, origin: Origin, idempotency: Idempotency | None = None
) -> DomainError | None:
    """Return the refusal of a drafted booking whose event is sold out, after logging the attempt.

    For `run_in_statement`. SoldOut, or what comes before it (`REFUSALS`); None where seats are left
    after all, and where the idempotency key was claimed before: `write_booking_alone` answers that.
    """
    with refusing(**REFUSALS):
        ((rule,),) = execute_prepared(
            connection,
            REFUSE,
            [
                facts_for(connection),
                claim_of(idempotency) if idempotency else None,
                json.dumps(CODES),
                booking.event_id,
                booking.user_id,
                booking.quantity,
                booking.mailbox,
                origin.ip_address,
                origin.user_agent,
            ],
            waits_for=booking.event_id,
        )
    return None if rule is None else EVIDENT[rule]()

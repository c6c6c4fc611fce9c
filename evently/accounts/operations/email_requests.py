"""Requests for an email that anyone can make for any address.

Whether there is an account is looked up by a task, so the request itself does the same for every
address: it counts, writes one row and enqueues. So neither its answer nor the time it takes reveals
who has an account. The row has digests of the address; a periodic task answers rows whose task was
lost.
"""

from uuid import UUID

from evently.accounts import tasks
from evently.accounts.email_models import EmailRequest, RequestKind
from evently.database.identity import as_worker
from evently.enqueue import enqueue_on_commit
from evently.privacy.addresses import digests_of_address


@as_worker()
def request_email(kind: RequestKind, *, email: str, user_id: UUID | None = None) -> None:
    """Request an email inside the caller's transaction.

    user_id: of the account that asks; for a registration, the id that a new account has.
    """
    request = EmailRequest.objects.create(
        kind=kind, email_digests=digests_of_address(email), user_id=user_id
    )
    enqueue_on_commit(tasks.answer_email_request, str(request.pk))

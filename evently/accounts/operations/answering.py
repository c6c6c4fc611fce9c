"""Answer requests for an email: look the address up, and announce what its owner is told."""

from uuid import UUID

from evently.accounts.email_models import EmailRequest, RequestKind
from evently.accounts.models import User
from evently.accounts.signals import (
    address_verification_requested,
    login_link_requested,
    password_reset_requested,
    registration_repeated,
    user_registered,
)
from evently.transactions import run_in_transaction

MOST_AT_ONCE = 1_000


def answer(*, request_id: UUID) -> None:
    """Answer a request once; does nothing if it is answered, or is being answered."""

    def work() -> None:
        requests = EmailRequest.objects.select_for_update(skip_locked=True)
        request = requests.filter(pk=request_id).first()
        if request is None:
            return
        request.delete()
        users = User.objects.with_keys().active()
        owner = users.filter(email_digest__in=request.email_digests).first()
        requested_by = request.user_id and users.filter(pk=request.user_id).first()
        if request.kind == RequestKind.REGISTRATION and requested_by:
            user_registered.send(sender=User, user=requested_by)
        if owner is not None:
            _announce(request, owner)

    run_in_transaction(work)


def answer_all() -> int:
    """Answer the requests whose tasks were lost; return how many were waiting."""
    waiting = EmailRequest.objects.order_by("created_at", "id").values_list("pk", flat=True)
    ids = list(waiting[:MOST_AT_ONCE])
    for request_id in ids:
        answer(request_id=request_id)
    return len(ids)


def _announce(request: EmailRequest, user: User) -> None:
    if request.kind == RequestKind.PASSWORD_RESET:
        password_reset_requested.send(sender=User, user=user)
    elif request.kind == RequestKind.LOGIN_LINK:
        login_link_requested.send(sender=User, user=user)
    elif user.pk != request.user_id:
        # Signed up, or asked for its verification, under an address that has an account.
        registration_repeated.send(sender=User, user=user)
    elif not user.is_verified:
        address_verification_requested.send(sender=User, user=user)

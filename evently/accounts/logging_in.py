"""Logging in on the pages: by any means, then the second step for those who have a second factor.

Between the two, the session only remembers who has taken the first one. That grants nothing, lasts
for ten minutes, and ends with a change of the password, as sessions do.
"""

import time
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from evently.accounts.models import User
from evently.accounts.proofs import Proof, prove
from evently.accounts.queries import active_user
from evently.accounts.second_factor_state import has_second_factor
from evently.formatting import counted
from evently.pages import keep_guest_holder

BACKEND = "evently.accounts.backends.AddressBackend"
PENDING = "pending_login"
PENDING_SECONDS = 600


def log_in_or_ask(
    request: HttpRequest, user: User, target: str, *proofs: Proof, message: str = ""
) -> HttpResponse:
    """Log a user in and redirect to `target`, by way of the second step if there is one.

    proofs: what the user has given besides. message: shown once the user is logged in.
    """
    if not has_second_factor(user.pk):
        return finish_login(request, user, target, *proofs, message=message)
    if request.session.session_key is not None:
        # So that no one who knew the key before is half logged in.
        request.session.cycle_key()
    request.session[PENDING] = {
        "user": str(user.pk),
        "hash": user.get_session_auth_hash(),
        "at": int(time.time()),
        "target": target,
        "proofs": list(proofs),
        "message": message,
    }
    return redirect("second_step")


def forget_pending(request: HttpRequest) -> HttpResponse:
    """Lead back to the first step, and say why if it was taken here before."""
    pending = request.session.pop(PENDING, None)
    url = reverse("log_in")
    if pending and not request.user.is_authenticated:
        messages.warning(request, "Your login was not finished. Please log in again.")
        if pending["target"] != reverse("home"):
            url += f"?{urlencode({'next': pending['target']})}"
    return redirect(url)


def pending_user(request: HttpRequest) -> User | None:
    """Return who has taken the first step in this session, if the second one is still due."""
    pending = request.session.get(PENDING)
    if not pending or pending["at"] < time.time() - PENDING_SECONDS:
        return None
    user = active_user(UUID(pending["user"]))
    if user is None or not constant_time_compare(pending["hash"], user.get_session_auth_hash()):
        return None
    return user


def finish_pending(request: HttpRequest, user: User) -> HttpResponse:
    """Log in the pending user, who has taken the second step."""
    pending = request.session.pop(PENDING)
    proofs: list[Proof] = [*pending["proofs"], "factor"]
    return finish_login(request, user, pending["target"], *proofs, message=pending["message"])


def tell_codes_left(request: HttpRequest, left: int | None) -> None:
    """Tell a user who has just used a recovery code how many are left; None: it was none."""
    if left is None:
        return
    text = f"You used a recovery code. You have {counted(left, 'unused code')} left."
    if left == 0:
        text = (
            "You used your last recovery code. Get new ones in your account, under two-step login."
        )
    messages.warning(request, text)


def start_session(request: HttpRequest, user: User, *proofs: Proof) -> None:
    """Log a user in who needs no second step, or has taken it."""
    request.session.pop(PENDING, None)
    keep_guest_holder(request, lambda: login(request, user, backend=BACKEND))
    prove(request, *proofs)


def finish_login(
    request: HttpRequest, user: User, target: str, *proofs: Proof, message: str = ""
) -> HttpResponse:
    start_session(request, user, *proofs)
    if message:
        messages.success(request, message)
    return redirect(target)

"""What follows a login, whichever page or form it was made on."""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from evently.accounts.models import User
from evently.accounts.proofs import PROVED_AT, prove
from evently.accounts.sessions import begin_listed_session


@receiver(user_logged_in, dispatch_uid="accounts.session_listed")
def list_session(sender: type, *, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """List the new session for its owner, and note that the user has just logged in."""
    begin_listed_session(request, user)
    request.session.pop(PROVED_AT, None)
    prove(request, "login")

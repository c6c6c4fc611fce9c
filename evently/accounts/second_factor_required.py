"""Leads those who need a second factor to its set-up before the admin opens."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from evently.accounts.logging_in import log_in_or_ask
from evently.accounts.models import User
from evently.accounts.proofs import has_second_step
from evently.accounts.second_factor_state import OFF, has_second_factor, is_factor_required

ADMIN = "/admin/"
OPEN = ("/admin/login/", "/admin/logout/")
# In the session: where to go on once a factor is set up.
AFTER_SETUP = "after_setup"


def lead_to_second_factor(request: HttpRequest) -> HttpResponse | None:
    """Refuse the admin to a session without a second factor, where the user needs one.

    What a session has proved is in its own data, so pages of the admin cost no further query.
    """
    if settings.SECOND_FACTOR_REQUIRED == OFF or not request.path.startswith(ADMIN):
        return None
    user = request.user
    if request.path.startswith(OPEN) or not isinstance(user, User):
        return None
    if not is_factor_required(user) or has_second_step(request):
        return None
    target = request.get_full_path() if request.method == "GET" else ADMIN
    if has_second_factor(user.pk):
        return log_in_or_ask(request, user, target)
    request.session[AFTER_SETUP] = target
    messages.info(
        request, "Your role needs two-step login on this site. Set it up, then the admin opens."
    )
    return redirect("security")

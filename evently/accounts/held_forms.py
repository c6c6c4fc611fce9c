"""Forms that were sent in a session that is over, and the way back to them by the login page.

Such a form is kept, sealed under its user's key, in the session in which the user logs in again;
then a page offers to send it (`send_kept_form`).
"""

from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from evently.accounts.ended_sessions import drop, ended_session
from evently.accounts.kept_forms import opened_form, sealed_form
from evently.accounts.models import User
from evently.accounts.sessions import KEPT_FORM

# Pages that one needs no session for, or that begin and end one. Those behind a link from an email
# need none either.
OPEN = frozenset(
    {
        "log_in",
        "log_in_link",
        "log_in_with_passkey",
        "second_step",
        "sign_up",
        "log_out",
        "password_forgotten",
        "passkey_options",
        "passkey_check_options",
        "passkey_add_options",
    }
)
OPEN_IN_ADMIN = ("/admin/login/", "/admin/logout/")
# In the form that sends a kept one.
SENDING = "_sending_kept_form"
KEPT_SECONDS = 3600
MOST_CHARACTERS = 300_000


def hold_up(request: HttpRequest) -> HttpResponse | None:
    """Lead a form that was sent in a session that is over to the login page, and keep it."""
    if request.method != "POST" or request.path.startswith("/api/"):
        return None
    ended = ended_session(request)
    if ended is None:
        return None
    drop(request, ended)
    match = request.resolver_match
    if match is None or match.url_name in OPEN or "token" in match.kwargs:
        return None
    if request.path.startswith(OPEN_IN_ADMIN):
        return None
    page = _page_of_form(request)
    if _keep(request, ended.user, page):
        target, after = reverse("send_kept_form"), "log in to send what you entered."
    else:
        target, after = page, "log in again. What you entered could not be kept."
    messages.warning(request, f"{ended.reason} Please {after}")
    return redirect(_login_leading_to(target))


def _keep(request: HttpRequest, user: User, page: str) -> bool:
    """Keep a form in the session that begins now; return False where it is too large, or a file."""
    if request.FILES:
        return False
    sealed = sealed_form(request, user, without=_secrets(request), page=page)
    if len(sealed) > MOST_CHARACTERS:
        return False
    request.session[KEPT_FORM] = sealed
    request.session.set_expiry(KEPT_SECONDS)
    return True


def _secrets(request: HttpRequest) -> list[str]:
    """Return the names of fields with passwords and codes; their form asks for them again."""
    return [
        name for name in request.POST if "password" in name or name in ("code", "passkey_answer")
    ]


def _page_of_form(request: HttpRequest) -> str:
    """Return the path of the page that a form was on; the home page where it is unknown."""
    return _own_path(request, request.headers.get("Referer", "")) or reverse("home")


def _login_leading_to(target: str, login: str = "") -> str:
    return f"{login or reverse('log_in')}?{urlencode({'next': target}, safe='/')}"


def _own_path(request: HttpRequest, url: str) -> str:
    """Return path and query of a URL of this site, or ""."""
    if not url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}):
        return ""
    return urlsplit(url)._replace(scheme="", netloc="", fragment="").geturl()


def kept_form(request: HttpRequest, user: User) -> dict[str, str] | None:
    """Return the form that is kept for a user who has logged in again: path, page, form."""
    return opened_form(user, request.session.get(KEPT_FORM, ""), max_age=KEPT_SECONDS)


def take_kept_form(request: HttpRequest) -> HttpResponse | None:
    """Put the kept form into `request.POST` where its user has chosen to send it."""
    if (
        request.method != "POST"
        or request.content_type != "application/x-www-form-urlencoded"
        or SENDING not in request.POST
        or not isinstance(request.user, User)
    ):
        return None
    kept = kept_form(request, request.user)
    request.session.pop(KEPT_FORM, None)
    if kept is None or kept["path"] != request.get_full_path():
        messages.warning(request, "The form was sent already, or was kept for too long.")
        return redirect("home")
    request.POST = QueryDict(kept["form"])
    return None


def whole_page(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Let the whole page log in again where a part of it was asked for, such as the inbox's list.

    htmx would put the login page into that part.
    """
    if response.status_code != 302 or request.headers.get("HX-Request") != "true":
        return response
    login = urlsplit(response.headers["Location"]).path
    if login not in (reverse("log_in"), reverse("admin:login")):
        return response
    page = _own_path(request, request.headers.get("HX-Current-URL", "")) or reverse("home")
    return HttpResponseClientRedirect(_login_leading_to(page, login))

"""What all pages share: the site in templates, rows as pages show them, refusals in forms."""

import hashlib
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evently.accounts.models import User
from evently.database.identity import acting_as, as_worker, attendee
from evently.errors import Busy, DomainError, Invalid
from evently.http_errors import status_of
from evently.idempotency.keys import KEY_LENGTH, Idempotency, digest_of

INVALID_FORM_STATUS = 422
# In the session.
GUEST_HOLDER = "guest_holder"

# What `owned` and `linked` of `owner_or_link` return, and their view gets.
Opened = TypeVar("Opened")


def site(request: HttpRequest | None = None) -> dict[str, Any]:
    """Give templates the site's name, contact and address, and whether this is development."""
    return {
        "site_name": settings.SITE_NAME,
        "site_contact": settings.SITE_CONTACT,
        "public_url": settings.PUBLIC_URL,
        "development": settings.DEBUG,
    }


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Show an error page with a way back where the CSRF token is missing or wrong."""
    return render(request, "errors/csrf.html", {"back_url": request.path}, status=403)


class Presenter:
    """A row as templates see it: its own fields, and values that only pages need."""

    def __init__(self, row: Any) -> None:
        self.row = row

    def __getattr__(self, name: str) -> Any:
        """Look up a name on the row."""
        if name == "row":  # not there yet while an object is copied
            raise AttributeError(name)
        return getattr(self.row, name)


def current_user(request: HttpRequest) -> User:
    """Return the logged-in user of a page that requires login."""
    return cast(User, request.user)


require_get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def form_token(request: HttpRequest) -> str:
    """Return the CSRF token for all forms of a response; Django makes another one each time."""
    if not hasattr(request, "form_token"):
        request.form_token = get_token(request)  # type: ignore[attr-defined]
    return str(request.form_token)  # type: ignore[attr-defined]


# ── Forms that act ──────────────────────────────────────────────────────────
def quote_holder(request: HttpRequest) -> str:
    """Return to whom a quote is given: the user, or else this browser.

    A browser is known by the secret of its form token, so that looking at a price writes no
    session.
    """
    if request.user.is_authenticated:
        return str(request.user.pk)
    form_token(request)
    # Without SECRET_KEY, so that a quote outlives a change of it.
    secret = request.META["CSRF_COOKIE"]
    return hashlib.sha256(f"evently.pages.holder:{secret}".encode()).hexdigest()


def guest_holder(request: HttpRequest) -> str:
    """Return to whom this browser's quotes were given before the user logged in, or ""."""
    return str(request.session.get(GUEST_HOLDER, "")) if request.user.is_authenticated else ""


def keep_guest_holder(request: HttpRequest, log_in: Callable[[], None]) -> None:
    """Log in, and let the user keep the quotes that this browser was given before."""
    holder = "" if request.user.is_authenticated else quote_holder(request)
    log_in()
    if holder:
        request.session[GUEST_HOLDER] = holder


def new_idempotency_key() -> str:
    """Return a new idempotency key, for one rendering of a form."""
    return secrets.token_urlsafe(24)


def form_idempotency(
    request: HttpRequest,
    *,
    user_id: UUID,
    body: dict[str, Any],
    answer: Callable[[Any], dict[str, Any]],
) -> Idempotency | None:
    """Return the idempotency of a submitted form, or None where it has no valid key.

    body: what a repeated request must have in common with the first. answer: turns the
    operation's result into what the page needs to show that success again.
    """
    key = request.POST.get("idempotency_key", "")
    if not key or len(key) > KEY_LENGTH or not key.isprintable():
        return None
    return Idempotency(
        user_id=user_id,
        key=f"page:{key}"[:KEY_LENGTH],
        method="POST",
        # Hashed, since URLs from emails contain a secret token.
        path=digest_of(request.path.encode()),
        body_digest=digest_of(body),
        render=lambda result: (200, answer(result)),
    )


def add_refusal(form: BaseForm, refusal: DomainError) -> None:
    """Add a refusal to the errors of the fields that it names, or else to those of the form."""
    fields = refusal.fields if isinstance(refusal, Invalid) else {}
    named = {name: text for name, text in fields.items() if name in form.fields}
    for name, text in named.items():
        form.add_error(name, text)
    if not named:
        form.add_error(None, refusal.text)


def render_refusal(
    request: HttpRequest, template: str, context: dict[str, Any], refusal: DomainError | None = None
) -> HttpResponse:
    """Show a form again, with the refusal's HTTP status; 422 where the form itself is invalid."""
    status = INVALID_FORM_STATUS if refusal is None else status_of(refusal)
    response = render(request, template, context, status=status)
    if isinstance(refusal, Busy):
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def safe_next(request: HttpRequest, default: str) -> str:
    """Return the URL in `next` if it is on this site, else the default."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else default


def secret_link_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep a page behind a secret link out of caches, search engines and other sites' logs.

    Not `no-referrer`: browsers would send the page's forms with the origin `null`, which the
    CSRF check must refuse.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        add_never_cache_headers(response)
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return wrapped


def owner_or_link(
    *,
    owned: Callable[..., Opened],
    linked: Callable[[str], Opened],
    owner: Callable[[Opened], UUID],
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Let one view serve the owner of a row, logged in, and the holder of a link from an email.

    The two URLs of the view pass either the row's id or `token`. owned: called with the request
    and the row's id; linked: called with the token. Both return what the view gets as its second
    argument, or raise NotFound. owner: returns whose that is; behind a link, the view reads and
    writes as that person.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @login_required
        @never_cache
        def for_owner(request: HttpRequest, row_id: UUID, **kwargs: Any) -> HttpResponse:
            return view(request, owned(request, row_id), **kwargs)

        @secret_link_page
        def for_link_holder(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
            with as_worker():  # the token says which row, and that it may be opened
                opened = linked(token)
            with acting_as(attendee(owner(opened))):
                return view(request, opened, **kwargs)

        @wraps(view)
        def serve(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if "token" in kwargs:
                return for_link_holder(request, **kwargs)
            return for_owner(request, **kwargs)

        return serve

    return decorate

"""What all pages share: the site in templates, rows as pages show them, refusals in forms."""

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
from django.utils.crypto import salted_hmac
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evently.accounts.models import User
from evently.errors import Busy, DomainError, Invalid
from evently.http_errors import status_of
from evently.idempotency.keys import KEY_LENGTH, Idempotency, digest_of

INVALID_FORM_STATUS = 422

# What a view works on: a row, and whatever its page needs to know of how it was opened.
Opened = TypeVar("Opened")


def site(request: HttpRequest) -> dict[str, Any]:
    """Give templates the site's name and address, and whether this is development."""
    return {
        "site_name": settings.SITE_NAME,
        "public_url": settings.PUBLIC_URL,
        "development": settings.DEBUG,
    }


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token was lost, without losing what the person can do next."""
    return render(request, "errors/csrf.html", {"back_url": request.path}, status=403)


class Presenter:
    """A row as a page shows it: the row's own fields, and what only pages ask."""

    def __init__(self, row: Any) -> None:
        """Wrap a row; names not found here are looked up there."""
        self.row = row

    def __getattr__(self, name: str) -> Any:
        """Return the row's own."""
        if name == "row":  # not there yet while an object is copied
            raise AttributeError(name)
        return getattr(self.row, name)


def current_user(request: HttpRequest) -> User:
    """Return who is logged in, on pages that are shown to nobody else."""
    return cast(User, request.user)


# For pages that show on GET and act on POST.
require_get_or_post = require_http_methods(["GET", "HEAD", "POST"])


# ── Forms that act ──────────────────────────────────────────────────────────
def quote_holder(request: HttpRequest) -> str:
    """Return whom a quote is promised to: the user, or else this browser.

    A browser is known by the secret of its form token, so that looking at a price writes no
    session.
    """
    if request.user.is_authenticated:
        return str(request.user.pk)
    get_token(request)
    return salted_hmac("evently.pages.holder", request.META["CSRF_COOKIE"]).hexdigest()


def new_idempotency_key() -> str:
    """Return an idempotency key for one rendering of a form."""
    return secrets.token_urlsafe(24)


def form_idempotency(
    request: HttpRequest,
    *,
    user_id: UUID,
    body: dict[str, Any],
    answer: Callable[[Any], dict[str, Any]],
) -> Idempotency | None:
    """Return what makes a form safe to be sent twice, or None where it came without a key.

    body: what must be the same the second time. answer: what the page needs to show the first
    success again, made of the operation's result.
    """
    key = request.POST.get("idempotency_key", "")
    if not key or len(key) > KEY_LENGTH or not key.isprintable():
        return None
    return Idempotency(
        user_id=user_id,
        key=f"page:{key}"[:KEY_LENGTH],
        method="POST",
        # As a digest, for the addresses of links in mails carry what lets their holder in.
        path=digest_of(request.path.encode()),
        body_digest=digest_of(body),
        render=lambda result: (200, answer(result)),
    )


def add_refusal(form: BaseForm, refusal: DomainError) -> None:
    """Put a refusal where it belongs in a form: beside the fields it names, or above all."""
    fields = refusal.fields if isinstance(refusal, Invalid) else {}
    named = {name: text for name, text in fields.items() if name in form.fields}
    for name, text in named.items():
        form.add_error(name, text)
    if not named:
        form.add_error(None, refusal.text)


def render_refusal(
    request: HttpRequest, template: str, context: dict[str, Any], refusal: DomainError | None = None
) -> HttpResponse:
    """Show a form again, with the status of what stood in its way."""
    status = INVALID_FORM_STATUS if refusal is None else status_of(refusal)
    response = render(request, template, context, status=status)
    if isinstance(refusal, Busy):
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def safe_next(request: HttpRequest, default: str) -> str:
    """Return where `next` leads, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else default


def secret_link_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep a page behind a secret link out of caches, search engines and other sites' logs.

    Not `no-referrer`: browsers would send the page's forms with the origin `null`, which the
    check against forged forms must refuse.
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
    *, owned: Callable[..., Opened], linked: Callable[[str], Opened]
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Let one view serve the owner of a row, logged in, and the holder of a link from an email.

    The two URLs of the view pass either the row's id or `token`. owned: called with the request
    and the row's id; linked: called with the token. Both return what the view gets as its second
    argument, or raise NotFound.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @login_required
        @never_cache
        def for_owner(request: HttpRequest, row_id: UUID, **kwargs: Any) -> HttpResponse:
            return view(request, owned(request, row_id), **kwargs)

        @secret_link_page
        def for_link_holder(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
            return view(request, linked(token), **kwargs)

        @wraps(view)
        def serve(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if "token" in kwargs:
                return for_link_holder(request, **kwargs)
            return for_owner(request, **kwargs)

        return serve

    return decorate

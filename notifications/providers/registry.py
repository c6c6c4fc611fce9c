"""The providers of the settings, and the email backend of each.

Where EMAIL_BACKEND is another one, as in tests and development, that is the only provider.
"""

import warnings
from functools import cache
from typing import Any

import requests
from anymail.backends.base import AnymailBaseBackend
from anymail.exceptions import AnymailNotSupportedWarning
from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string

from evently.email_providers import KINDS, SMTP, Provider
from notifications.emails import smtp

# Anymail no longer tests its part for SendGrid, which works and is pinned (docs/email.md).
warnings.filterwarnings("ignore", category=AnymailNotSupportedWarning)

CHAIN_BACKEND = "notifications.providers.backend.ChainBackend"


def providers() -> tuple[Provider, ...]:
    """Return the providers, in the order in which they are tried; at least one."""
    if settings.EMAIL_BACKEND == CHAIN_BACKEND:
        return settings.EMAIL_PROVIDERS
    parts = settings.EMAIL_BACKEND.lower().replace("_", "-").split(".")
    return (Provider(next((part for part in parts if part in KINDS), SMTP)),)


def backend_of(provider: Provider) -> BaseEmailBackend:
    """Return an email backend for a provider. Raises ImproperlyConfigured, ImportError."""
    if settings.EMAIL_BACKEND != CHAIN_BACKEND:
        return get_connection()
    if provider.is_smtp:
        kind = smtp.PrivateCaBackend if settings.EMAIL_CA_FILE else smtp.Backend
        return kind(timeout=settings.EMAIL_TIMEOUT, **provider.options)
    # requests takes both: how long to wait for the connection, and for the answer.
    timeout = (settings.EMAIL_TIMEOUT, smtp.ANSWER_TIMEOUT_SECONDS)
    return service_backend(provider.kind)(timeout=timeout, **provider.options)


class NoRedirects:
    """Comes before a backend of anymail's, and sends nothing to where an answer leads."""

    def create_session(self) -> requests.Session:
        session: requests.Session = super().create_session()  # type: ignore[misc]
        session.max_redirects = 0
        return session


@cache
def service_backend(kind: str) -> type[AnymailBaseBackend]:
    """Return anymail's backend for a kind of service."""
    found = import_string(f"anymail.backends.{kind.replace('-', '_')}.EmailBackend")
    return type("ServiceBackend", (NoRedirects, found), {})


def unknown_options(provider: Provider) -> dict[str, Any]:
    """Return the options of a service that its backend does not know, which it would ignore.

    Raises ImproperlyConfigured where it lacks others.
    """
    left: dict[str, Any] = {}

    class Rest(BaseEmailBackend):
        """Comes last before Django's base class, and gets what the others have left."""

        def __init__(self, fail_silently: bool = False, **kwargs: Any) -> None:
            left.update(kwargs)
            super().__init__(fail_silently)

    type("Checked", (service_backend(provider.kind), Rest), {})(**provider.options)
    return left

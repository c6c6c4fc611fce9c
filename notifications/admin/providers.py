"""How the providers of emails do, above the list of all emails."""

from dataclasses import dataclass
from datetime import UTC, datetime

import redis
from django.utils.timezone import get_current_timezone

from evently.email_providers import Provider, name_in_words
from evently.formatting import moment
from notifications.failures import failure_in_words
from notifications.providers import health
from notifications.providers.health import Health
from notifications.providers.registry import providers


@dataclass(frozen=True)
class ProviderRow:
    """A provider as the page shows it. state: in words, and is_down whether that is a problem."""

    name: str
    state: str
    is_down: bool
    sent: str
    succeeded: str
    failed: str
    failure: str
    limits: str


def provider_rows() -> list[ProviderRow]:
    """Return the providers of the settings, in their order."""
    configured = providers()
    try:
        found = health.read([provider.name for provider in configured])
    except redis.RedisError:
        found = {}
    return [_row(provider, found.get(provider.name)) for provider in configured]


def _row(provider: Provider, known: Health | None) -> ProviderRow:
    return ProviderRow(
        name=name_in_words(provider.name),
        state=_state(known),
        is_down=known is not None and known.is_down,
        sent=f"{known.sent:,}" if known is not None else "–",
        succeeded=_moment(known.succeeded_at) if known is not None else "–",
        failed=_moment(known.failed_at) if known is not None else "–",
        failure=failure_in_words(known.failure) if known is not None else "",
        limits=_limits(provider),
    )


def _state(known: Health | None) -> str:
    if known is None:
        return "Unknown, as the broker does not answer"
    if known.is_on_trial:
        return "Takes connections again; a bulk email tries it before others"
    return "Not working, tried again from time to time" if known.is_down else "In use"


def _moment(timestamp: float) -> str:
    if not timestamp:
        return "–"
    return moment(datetime.fromtimestamp(timestamp, UTC), get_current_timezone())


def _limits(provider: Provider) -> str:
    limits = (("a second", provider.per_second), ("in 24 hours", provider.per_day))
    return ", ".join(f"{most:,} {unit}" for unit, most in limits if most) or "none"

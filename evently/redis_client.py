"""Connections to Redis for requests, which cannot wait for a server that does not respond."""

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


def redis_client(*, timeout_seconds: float) -> redis.Redis:
    """Return a client of REDIS_URL that connects on first use and never retries."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=timeout_seconds,
        socket_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
    )

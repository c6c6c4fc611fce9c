"""Databases, the broker's address and the cache."""

import secrets
from datetime import timedelta
from typing import Any

from evently import environment
from evently.embedded import addresses
from evently.environment import env

# The application's role owns no table, so it cannot disable triggers. Migrations run as the owner,
# under the alias "owner" (the default of `manage.py migrate`).
DATABASE_URL = env.str("DATABASE_URL", default="") or addresses.database_url(role="app")
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default="") or (
    env.str("DATABASE_URL", default="") or addresses.database_url(role="owner")
)
REPLICAS = {"analytics": "ANALYTICS_DATABASE_URL", "reporting": "REPORTING_DATABASE_URL"}
REDIS_URL = env.str("REDIS_URL", default="") or addresses.redis_url()

DATABASE_POOL_MAX_SIZE = env.int("DATABASE_POOL_MAX_SIZE", default=0)
LOCK_TIMEOUT = timedelta(seconds=3)
STATEMENT_TIMEOUT = timedelta(seconds=env.int("STATEMENT_TIMEOUT_SECONDS", default=15))


def _milliseconds(duration: timedelta) -> int:
    return int(duration / timedelta(milliseconds=1))


# Names the connections of this process to the database, and to no other client: what signs who acts
# is bound to it (evently.audit.signing).
DATABASE_SESSION = secrets.token_hex(16)
# Whatever the server's defaults are: plans that do not depend on its machine's settings, no
# compilation of statements that take a millisecond, and the isolation level that triggers expect.
SESSION = {
    "jit": "off",
    "random_page_cost": "1.1",
    "default_transaction_isolation": "read committed",
    "standard_conforming_strings": "on",
    "evently.session": DATABASE_SESSION,
}
TIME_OUTS = {
    "lock_timeout": str(_milliseconds(LOCK_TIMEOUT)),
    "statement_timeout": str(_milliseconds(STATEMENT_TIMEOUT)),
    "idle_in_transaction_session_timeout": "60000",
}
# Migrations take as long as they need; `migrate` limits how long they wait for locks.
NO_TIME_OUTS = dict.fromkeys(TIME_OUTS, "0")


def _options(parameters: dict[str, str]) -> str:
    """Return parameters as libpq's `options`, in which a space is escaped."""
    return " ".join(
        "-c " + f"{name}={value}".replace(" ", "\\ ") for name, value in parameters.items()
    )


def _replica(url: str) -> dict[str, Any]:
    """Return the settings of a replica: a connection for each thread, which cannot write.

    One that is away, or a network that swallows everything, is noticed within seconds
    (`evently.database.replicas`).
    """
    config = _database(url, guarded=True)
    options = config["OPTIONS"]
    options.pop("pool", None)
    config["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE_SECONDS", default=60)
    options["connect_timeout"] = 2
    options |= {
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    }
    options["options"] += " -c default_transaction_read_only=on"
    return config


def _database(url: str, *, guarded: bool) -> dict[str, Any]:
    """Return the settings of one database; guarded: with time-outs and a pool, as for requests."""
    config: dict[str, Any] = environment.env.db_url_config(url)
    config["ENGINE"] = "evently.database.postgresql"
    options = config.setdefault("OPTIONS", {})
    options["connect_timeout"] = 3
    options["application_name"] = environment.application_name()
    # Any number allows what asks to be prepared (evently.database.prepared); one that is not
    # reached leaves all else as it is.
    options["prepare_threshold"] = 2**31
    # What the URL sets comes last, so that it wins.
    ours = _options(SESSION | (TIME_OUTS if guarded else NO_TIME_OUTS))
    options["options"] = f"{ours} {options.get('options', '')}".rstrip()
    if guarded:
        # Each statement takes one of the database's roles (evently.database.identity).
        config["ROW_SECURITY"] = True
        config["CONN_HEALTH_CHECKS"] = True
        if DATABASE_POOL_MAX_SIZE:
            options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL_MAX_SIZE, "timeout": 3}
        else:
            config["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE_SECONDS", default=60)
    return config


DATABASES = {
    "default": _database(DATABASE_URL, guarded=True),
    "owner": _database(DATABASE_OWNER_URL, guarded=False),
}
# Replicas, where there are any: figures are read from the one, exports and reports from the other.
for _alias, _variable in REPLICAS.items():
    if _url := env.str(_variable, default=""):
        DATABASES[_alias] = _replica(_url)
DATABASE_ROUTERS = ["evently.database.replicas.ReplicaRouter"]
# In tests the owner creates the test database, and the application's role works in it.
DATABASES["default"]["TEST"] = {"MIRROR": "owner"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "IGNORE_EXCEPTIONS": True,
            "SOCKET_CONNECT_TIMEOUT": 0.3,
            "SOCKET_TIMEOUT": 0.3,
        },
        "KEY_PREFIX": "evently",
    }
}

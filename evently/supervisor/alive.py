"""Tell whether the roles of this machine are alive, for health checks: exit code 0 or 1.

Run as `python -m evently.supervisor.alive [ROLE ...]`. Without roles, those that run with this
EVENTLY_HOME. The web server is asked for /healthz; the others have left signs of life in
the broker.
"""

import fcntl
import http.client
import os
import socket
import sys
from collections.abc import Sequence

from evently.embedded import addresses
from evently.supervisor import options, roles
from evently.supervisor.ready import connection_to

# The processes that leave signs for a role.
KINDS = {roles.WORKER: ("worker", "urgent-worker")}


def running_roles() -> list[str]:
    """Return the roles whose supervisors hold their locks."""
    home = addresses.home()
    found = [role for role in roles.ALL if _is_locked(str(home / f"lock-{role}"))]
    return found or (list(roles.ALL) if _is_locked(str(home / "lock")) else [])


def _is_locked(path: str) -> bool:
    try:
        lock = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def web_is_alive() -> bool:
    connection = connection_to(options.bind_address())
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def dead_roles(wanted: Sequence[str]) -> list[str]:
    """Return the roles that show no sign of life."""
    dead = [roles.WEB] if roles.WEB in wanted and not web_is_alive() else []
    background = [role for role in roles.ALL if role in wanted and role != roles.WEB]
    return dead + _dead_in_background(background)


def _dead_in_background(wanted: Sequence[str]) -> list[str]:
    if not wanted:
        return []
    import redis

    from evently import heartbeats

    try:
        signs = heartbeats.read_signs()
    except redis.RedisError:
        return list(wanted)
    here = socket.gethostname()

    def is_alive(kind: str) -> bool:
        return any(
            here in name and age < heartbeats.DEAD_SECONDS
            for name, age in signs.ages_of(kind).items()
        )

    return [role for role in wanted if not all(map(is_alive, KINDS.get(role, (role,))))]


def main(arguments: list[str]) -> int:
    """Check, and name what is dead."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
    wanted = arguments or running_roles()
    if not wanted:
        print("Nothing runs with this EVENTLY_HOME.")
        return 1
    if dead := dead_roles(wanted):
        print(f"No sign of life: {', '.join(dead)}")
        return 1
    print(f"Alive: {', '.join(wanted)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

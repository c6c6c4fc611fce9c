"""What one `script/server` runs: web, worker, mailer, scheduler, or all of them."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass

from evently import variable_checks
from evently.environment import env, is_true

WEB, WORKER, MAILER, SCHEDULER = ALL = variable_checks.ROLES


@dataclass(frozen=True)
class Plan:
    """What to start. migrate: bring the database up to date first, or wait until it is."""

    roles: frozenset[str]
    migrate: bool

    @property
    def is_complete(self) -> bool:
        return self.roles == frozenset(ALL)

    @property
    def name(self) -> str:
        """Return the roles as text, such as "worker, scheduler"."""
        return ", ".join(role for role in ALL if role in self.roles)


def plan(arguments: Sequence[str]) -> Plan:
    """Return what the arguments, or the variables ROLES and MIGRATE_ON_START, ask for."""
    given = _parser().parse_args(arguments)
    roles = frozenset(given.roles or variable_checks.split(env.str("ROLES", default="")) or ALL)
    migrate = given.migrate
    if migrate is None:
        # One of several servers must not migrate by surprise.
        wanted = os.environ.get("MIGRATE_ON_START")
        migrate = is_true(wanted, default=roles == frozenset(ALL))
    return Plan(roles, migrate)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/server", description="Run Evently, or some of its roles.", allow_abbrev=False
    )
    # No `choices`: argparse would refuse an empty list.
    parser.add_argument(
        "roles",
        nargs="*",
        type=_role,
        metavar="ROLE",
        help=f"{', '.join(ALL)}; all of them without an argument, or those in the variable ROLES",
    )
    parser.add_argument(
        "--migrate",
        action=argparse.BooleanOptionalAction,
        help="migrate the database first (the default with all roles), or wait until it has been "
        "migrated elsewhere (the default with some); also the variable MIGRATE_ON_START",
    )
    return parser


def _role(text: str) -> str:
    if text not in ALL:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(ALL)}")
    return text

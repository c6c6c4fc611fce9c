"""How the admin names who made a change."""

from collections.abc import Mapping

from evently.audit.context import EVENTLY
from evently.audit.middleware import VISITOR

# The application itself: periodic tasks, and what follows from another person's act.
SOFTWARE = "Evently"


def actor_in_words(
    actor: str, *, via: str, signed: bool | None, db_role: str, names: Mapping[str, str]
) -> str:
    """Return who made a change.

    names: of actors that are users (`evently.admin.cells.names_of`). A change without a signature
    names the database role, which is all that is certain, and what was claimed.
    """
    name = _name(actor, via=via, names=names)
    if signed is False:
        claim = "" if actor in ("", db_role) else f" (claims to be {name})"
        return f"Unsigned: by the database role {db_role}{claim}"
    return name


def _name(actor: str, *, via: str, names: Mapping[str, str]) -> str:
    if actor in names:
        return names[actor]
    if actor == VISITOR:
        return "A visitor"
    if actor == EVENTLY or via == "task":
        return SOFTWARE
    return actor

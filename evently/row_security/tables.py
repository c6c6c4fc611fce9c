"""What each role may do with the rows of each table, declared by the apps' modules `policies`.

A condition is SQL over the row's own columns and the settings of the session, never over other
tables: on many machines, policies could not look there. What a role needs of others' rows comes
from functions of the owner that give just that.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.module_loading import autodiscover_modules

from evently.database.identity import DatabaseRole

VERBS = ("select", "insert", "update", "delete")

# The person for whom the role was taken. A setting that was local to a transaction is '' after it,
# not unset.
ME = "nullif(current_setting('evently.user_id', true), '')::uuid"
# The events of others that they were made a manager of.
MANAGES = "nullif(current_setting('evently.manages', true), '')::uuid[]"

# For what is compared with many rows: a subquery is run once, and the setting not read for each.
# Planning it takes as long as some fifty rows.
ME_ONCE = f"(SELECT {ME})"
MANAGES_ONCE = f"((SELECT {MANAGES})::uuid[])"

ALL = "true"
OWN = f"user_id = {ME}"


def quoted(name: str) -> str:
    """Return a table's name, maybe with its schema, as SQL."""
    return ".".join(f'"{part}"' for part in name.split("."))


def managed(*, creator: str = "organizer_id", event: str = "event_id") -> str:
    """Return the condition for rows of events that the person organizes or manages."""
    return f"({creator} = {ME} OR {event} = ANY ({MANAGES}))"


def listed(*, own: Sequence[str] = ()) -> str:
    """Return the condition for what is listed of such events, of which there may be many rows.

    own: columns of persons, whose rows are theirs to see as well. A CASE, since PostgreSQL would
    take the condition to leave a few of the rows that a query names by their event, and would
    rather read and sort all of them than find the first in an index.
    """
    people = " OR ".join(f"{column} = {ME_ONCE}" for column in own) or "false"
    return (
        f"CASE WHEN organizer_id = {ME_ONCE} OR event_id = ANY ({MANAGES_ONCE}) THEN true"
        f" ELSE {people} END"
    )


MANAGED = managed()
LISTED = listed()
OWN_OR_LISTED = listed(own=["user_id"])


@dataclass(frozen=True)
class May:
    """What a role may do with a table's rows, each a condition in SQL; None: nothing.

    update: for the row before and after. columns: the only ones that may be updated; (): all.
    """

    select: str | None = None
    insert: str | None = None
    update: str | None = None
    delete: str | None = None
    columns: tuple[str, ...] = ()

    def condition(self, verb: str) -> str | None:
        value: str | None = getattr(self, verb)
        return value


NOTHING = May()
READS = May(select=ALL)
# For tables of the admin that are none of an organizer's business: asked for a row, it answers that
# there is none. Without the right to ask, it would fail.
NO_ROWS = May(select="false")
# Triggers write the rest.
EVERYTHING = May(select=ALL, insert=ALL, update=ALL, delete=ALL)


@dataclass(frozen=True)
class Table:
    """A table's rules. name: with its schema, unless that is public.

    by_rows: False for the framework's tables, which are protected as a whole, by privileges alone.
    """

    name: str
    visitor: May = NOTHING
    attendee: May = NOTHING
    organizer: May = NOTHING
    worker: May = EVERYTHING
    superuser: May = EVERYTHING
    by_rows: bool = True

    def rules(self) -> Mapping[DatabaseRole, May]:
        return {
            DatabaseRole.VISITOR: self.visitor,
            DatabaseRole.ATTENDEE: self.attendee,
            DatabaseRole.ORGANIZER: self.organizer,
            DatabaseRole.WORKER: self.worker,
            DatabaseRole.SUPERUSER: self.superuser,
        }


@dataclass
class _Registry:
    tables: dict[str, Table] = field(default_factory=dict)
    functions: dict[str, tuple[DatabaseRole, ...]] = field(default_factory=dict)
    views: dict[str, tuple[DatabaseRole, ...]] = field(default_factory=dict)


_registry = _Registry()


def declare(*tables: Table) -> None:
    """Register the rules of tables. Raises ValueError for a table that has some already."""
    for table in tables:
        if _registry.tables.get(table.name, table) != table:
            raise ValueError(f"The table {table.name} has policies already.")
        _registry.tables[table.name] = table


def may_call(*functions: str, roles: Iterable[DatabaseRole] = (DatabaseRole.WORKER,)) -> None:
    """Let only some roles call functions of the owner. functions: with their argument types.

    Any role may call those that are not named here: they give what everybody may know.
    """
    _registry.functions.update(dict.fromkeys(functions, tuple(roles)))


def restricted_functions() -> dict[str, tuple[DatabaseRole, ...]]:
    """Return the functions that not everybody may call, with the roles that may."""
    autodiscover_modules("policies")
    return dict(sorted(_registry.functions.items()))


def view(name: str, *, roles: Iterable[DatabaseRole]) -> None:
    """Let some roles read a view, each under the policies of the tables that it reads."""
    _registry.views[name] = tuple(roles)


def views() -> dict[str, tuple[DatabaseRole, ...]]:
    """Return the views that the application reads, with the roles that may."""
    autodiscover_modules("policies")
    return dict(sorted(_registry.views.items()))


def declared() -> dict[str, Table]:
    """Return all tables with rules, by name."""
    autodiscover_modules("policies")
    return dict(sorted(_registry.tables.items()))


def policies_of(table: Table) -> Iterator[tuple[str, DatabaseRole, str, str]]:
    """Yield a table's policies: name, role, verb, condition."""
    for role, may in table.rules().items():
        conditions = {verb: may.condition(verb) for verb in VERBS}
        if set(conditions.values()) == {ALL}:
            yield f"{role}_all", role, "all", ALL
            continue
        for verb, condition in conditions.items():
            if condition is not None:
                yield f"{role}_{verb}", role, verb, condition

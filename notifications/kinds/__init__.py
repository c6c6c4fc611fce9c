"""The registry of notification kinds: one entry each, in the module of its topic.

A topic module holds everything about its kinds: the entry (`Kind`), the function that makes the
message of a fact, and the function that writes the email. Functions that make messages read nothing
from the database, so notifying needs one query.

A new kind needs three edits: its topic module, the fact that it follows from in
`notifications/receivers.py`, and a migration that lets the database accept its name
(`notifications/migration.py`). The tests then demand an example
(`notifications/tests/examples.py`).
"""

from collections.abc import Iterable
from types import ModuleType

from notifications.kinds import (
    accounts,
    addresses,
    attendance,
    bookings,
    deletion,
    draws,
    events,
    exports,
    general,
    held,
    offers,
    places,
    reminders,
    returns,
    second_factors,
    thanks,
    tickets,
    waitlist,
    writing,
)
from notifications.kinds.base import (
    EVENT_CATEGORIES,
    KINDS,
    Category,
    IncompleteKind,
    Kind,
    Link,
    Message,
    Need,
    UnknownKind,
    Urgency,
    kind_named,
)

TOPICS = (
    accounts,
    addresses,
    second_factors,
    deletion,
    bookings,
    tickets,
    attendance,
    places,
    waitlist,
    offers,
    draws,
    events,
    reminders,
    thanks,
    exports,
    returns,
    writing,
    held,
    general,
)


def collect(topics: Iterable[ModuleType]) -> dict[str, Kind]:
    """Return the kinds that modules define, by name.

    Raises IncompleteKind for a name used twice.
    """
    kinds: dict[str, Kind] = {}
    for topic in topics:
        for value in vars(topic).values():
            if not isinstance(value, Kind):
                continue
            if kinds.setdefault(value.name, value) is not value:
                raise IncompleteKind(f"There are two kinds named {value.name!r}.")
    return kinds


KINDS.update(collect(TOPICS))
KIND_CHOICES = [(kind.name, kind.label) for kind in KINDS.values()]


def kinds_for_organizers() -> list[str]:
    """Return the names of the kinds that organizers see of their events.

    Not those that belong to an account, such as links to log in, or why a guest's booking was
    refused, which only the owner of the email address may know.
    """
    return [
        kind.name
        for kind in KINDS.values()
        if kind.for_organizers or kind.category is not Category.ACCOUNT
    ]


def kinds_in(category: Category) -> list[Kind]:
    return [kind for kind in KINDS.values() if kind.category is category]


def optional_kinds(category: Category) -> list[Kind]:
    """Return the kinds of a category that a person can turn off."""
    return [kind for kind in kinds_in(category) if not kind.is_always_sent]


__all__ = [
    "EVENT_CATEGORIES",
    "KINDS",
    "KIND_CHOICES",
    "Category",
    "IncompleteKind",
    "Kind",
    "Link",
    "Message",
    "Need",
    "UnknownKind",
    "Urgency",
    "collect",
    "kind_named",
    "kinds_for_organizers",
    "kinds_in",
    "optional_kinds",
]

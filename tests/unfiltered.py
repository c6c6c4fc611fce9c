"""Querysets whose filters do nothing, as if each of them had been forgotten.

While a model is unfiltered, `filter()`, `exclude()` and the conditions of `get()` on its querysets
drop what they are given, but for what ties a subquery to its query; `get()` and `first()` prefer a
row that is not the person's own. Statements that are prepared are built anew. SQL that is written
out stays as it is.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from uuid import UUID

import pytest
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import OuterRef, Q
from django.db.models.query import QuerySet
from django.db.models.sql.query import Query

from evently.accounts import backends, sessions
from evently.api import authentication
from evently.database import prepared
from evently.database.prepared import PreparedQuery
from notifications import context

# How many rows are looked through for one of somebody else.
MOST = 50
OWNERS = ("user_id", "created_by_id", "organizer_id", "holder_id", "recipient_id")
# What tells from whom a request is, by a secret that cannot be guessed. Without the filter it
# would be the request of another person, who may read what is theirs.
IDENTIFYING = (
    (sessions.SessionStore, "_get_session_from_db"),
    (backends.AddressBackend, "get_user"),
    (authentication, "authenticate_token"),
)
# What every page asks about its user, for its header; dropped as well, but not in its own walk.
OF_EVERY_PAGE = ((context, "_count"), (context, "_emails_wait_until"))


@dataclass
class State:
    """What is unfiltered, for whom, and the models of which filters were met."""

    models: "frozenset[type[models.Model]] | None" = frozenset()  # None: all
    person: UUID | None = None
    is_kept: bool = False
    met: "set[type[models.Model]]" = field(default_factory=set)
    compiled: dict[Any, Any] = field(default_factory=dict)

    def drops(self, model: "type[models.Model] | None") -> bool:
        if model is None or self.is_kept or model is Session:
            return False
        return self.models is None or model in self.models

    def is_own(self, row: Any) -> bool:
        owners = [getattr(row, name) for name in OWNERS if hasattr(row, name)]
        return self.person in (getattr(row, "pk", None), *owners)

    def first(self, rows: Iterable[Any]) -> Any:
        """Return one of somebody else if there is one, otherwise the first, or None."""
        found = list(rows)
        return next((row for row in found if not self.is_own(row)), next(iter(found), None))


STATE = State()


@contextmanager
def unfiltered(
    dropped: "frozenset[type[models.Model]] | None", person: UUID | None
) -> Iterator[State]:
    """Drop the filters of models in a block; None: of all."""
    STATE.models, STATE.person, STATE.met = dropped, person, set()
    try:
        yield STATE
    finally:
        STATE.models, STATE.person = frozenset(), None


def patch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Django's querysets and prepared queries heed `unfiltered`."""
    monkeypatch.setattr(Query, "add_q", _without_condition(Query.add_q))
    monkeypatch.setattr(QuerySet, "get", _get(QuerySet.get))
    monkeypatch.setattr(QuerySet, "first", _first(QuerySet.first))
    monkeypatch.setattr(PreparedQuery, "_ready", _ready)
    monkeypatch.setattr(PreparedQuery, "first", _first_prepared)
    for owner, name in IDENTIFYING:
        monkeypatch.setattr(owner, name, _kept(getattr(owner, name)))
    for owner, name in OF_EVERY_PAGE:
        monkeypatch.setattr(owner, name, _unnoted(getattr(owner, name)))


def _without_condition(real: Callable[..., Any]) -> Callable[..., Any]:
    def add_q(self: Query, q_object: Any, *args: Any, **kwargs: Any) -> None:
        if self.model is not None and not STATE.is_kept:
            STATE.met.add(self.model)
        if not STATE.drops(self.model) or _is_correlated(q_object):
            real(self, q_object, *args, **kwargs)

    return add_q


def _is_correlated(condition: Any) -> bool:
    """Tell whether a condition ties a subquery to its query, which would be invalid without it."""
    if isinstance(condition, Q):
        return any(_is_correlated(child) for child in condition.children)
    return isinstance(condition, tuple) and isinstance(condition[1], OuterRef)


def _get(real: Callable[..., Any]) -> Callable[..., Any]:
    def get(self: "QuerySet[Any]", *args: Any, **kwargs: Any) -> Any:
        if not STATE.drops(self.model):
            return real(self, *args, **kwargs)
        found = STATE.first(_some(self))
        if found is None:
            raise self.model.DoesNotExist
        return found

    return get


def _first(real: Callable[..., Any]) -> Callable[..., Any]:
    def first(self: "QuerySet[Any]") -> Any:
        return STATE.first(_some(self)) if STATE.drops(self.model) else real(self)

    return first


def _some(queryset: "QuerySet[Any]") -> Iterable[Any]:
    return queryset.all() if queryset.query.is_sliced else queryset.all()[:MOST]


def _ready(self: "PreparedQuery[Any]") -> Any:
    """Return the query as it is built without the filters; noted are the models it filters."""
    key = (self, frozenset()) if STATE.is_kept else (self, STATE.models)
    if key not in STATE.compiled:
        before, STATE.met = STATE.met, set()
        compiled = _compile(self._build, self._parameters)
        STATE.compiled[key] = compiled, STATE.met
        STATE.met = before
    compiled, met = STATE.compiled[key]
    if not STATE.is_kept:
        STATE.met |= met
    return compiled


def _compile(build: Callable[..., Any], parameters: dict[str, type]) -> Any:
    """Compile a query that may not use all of its parameters, as their filters are gone."""
    used = {name: kind for name, kind in parameters.items() if _uses(build, parameters, name)}
    return prepared._compile(_with_constants(build, parameters, used), used)


def _uses(build: Callable[..., Any], parameters: dict[str, type], name: str) -> bool:
    only = {name: parameters[name]}
    try:
        prepared._compile(_with_constants(build, parameters, only), only)
    except ValueError as error:
        if "does not use" not in str(error):
            raise
        return False
    return True


def _with_constants(
    build: Callable[..., Any], parameters: dict[str, type], used: dict[str, type]
) -> Callable[..., Any]:
    constants = {
        name: prepared.STAND_INS[kind]() for name, kind in parameters.items() if name not in used
    }
    return lambda **values: build(**values, **constants)


def _first_prepared(self: "PreparedQuery[Any]", **values: Any) -> Any:
    rows = self.rows(**values)
    return next(iter(rows), None) if STATE.is_kept else STATE.first(rows)


def _kept(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def identify(*args: Any, **kwargs: Any) -> Any:
        before, STATE.is_kept = STATE.is_kept, True
        try:
            return real(*args, **kwargs)
        finally:
            STATE.is_kept = before

    return identify


def _unnoted(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def ask(*args: Any, **kwargs: Any) -> Any:
        before = set(STATE.met)
        try:
            return real(*args, **kwargs)
        finally:
            STATE.met = before

    return ask

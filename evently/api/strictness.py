"""Unknown fields and parameters are refused, as a misspelled one would otherwise have no effect.

Bodies are read by serializers that extend `StrictBody`; `evently.api.views` checks the parameters
of every request, and refuses a body where an operation takes none.
"""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from evently.errors import Malformed

# Of a request with very many unknown names, only the first are told and compared.
MOST_NAMED = 20
LONGEST_NAME = 60
NO_SUCH_FIELD = "There is no such field."
NO_FIELDS = "This request takes no fields."
READ_ONLY = {
    "id": "It never changes.",
    "version": "It increases with each change. Send the ETag as If-Match to change what you read.",
    "created_at": "It is set when this is created.",
    "updated_at": "It is set with each change.",
    "url": "It follows from the id.",
}


class UnknownParameter(Malformed):
    """A query parameter is unknown, or is sent twice (400).

    fields: sentences by the name of the parameter.
    """

    code = "unknown_parameter"

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        super().__init__("Please check the query parameters: " + ", ".join(fields) + ".")


class StrictBody(serializers.Serializer[Any]):
    """The body of a request, which names each field that it does not take.

    shown_in: the representation of the same resource; its other fields are read-only. elsewhere:
    sentences that say how to change these, by name.
    """

    shown_in: ClassVar[type[serializers.Serializer[Any]] | None] = None
    elsewhere: ClassVar[Mapping[str, str]] = {}

    def to_internal_value(self, data: Any) -> Any:
        refused = self.refused_fields(data) if isinstance(data, Mapping) else {}
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            detail: Any = error.detail
            raise ValidationError({**detail, **refused}) from error
        if refused:
            raise ValidationError(refused)
        return values

    def refused_fields(self, data: Mapping[str, Any]) -> dict[str, str]:
        """Return sentences for the fields that have no place in this body."""
        taken = {name for name, field in self.fields.items() if not field.read_only}
        unknown = [str(name) for name in data if name not in taken]
        if not unknown:
            return {}
        hints = self.read_only_hints()
        return {
            name: f"This field is read-only. {hints[name]}"
            if name in hints
            else f"{NO_SUCH_FIELD}{suggestion(name, taken)}"
            for name in named(unknown)
        }

    def read_only_hints(self) -> dict[str, str]:
        """Return what to do instead of sending a field that is only shown, by its name."""
        shown = self.shown_in().fields if self.shown_in else {}
        general = {name: READ_ONLY.get(name, "It is set by the server.") for name in shown}
        return {**general, **self.elsewhere}


def refuse_fields(request: Request) -> None:
    """Raise ValidationError where a request has a body, though its operation takes none."""
    data = request.data
    if not data:
        return
    if not isinstance(data, Mapping):
        raise ValidationError(NO_FIELDS)
    raise ValidationError(dict.fromkeys(named(map(str, data)), NO_FIELDS))


def refuse_parameters(request: Request, known: Collection[str]) -> None:
    """Raise UnknownParameter for query parameters other than these, or sent more than once."""
    given = request.query_params
    unknown = [name for name in given if name not in known]
    fields = {
        name: f"There is no such parameter.{suggestion(name, known)}" for name in named(unknown)
    }
    for name in given:
        if name in known and len(given.getlist(name)) > 1:
            fields[name] = "Send this parameter only once."
    if fields:
        raise UnknownParameter(fields)


def named(names: Iterable[str]) -> list[str]:
    """Return the first of many names, each shortened where it is very long."""
    found = []
    for name in names:
        found.append(name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…")
        if len(found) == MOST_NAMED:
            break
    return found


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean …?" with the known name that is nearest, or ""."""
    near = get_close_matches(name.lower(), known, n=1)
    return f" Did you mean “{near[0]}”?" if near else ""

"""Serializers that are built once per thread, for requests and responses of single rows.

REST framework builds a serializer's fields anew for each, which takes longer than reading or
writing them.
"""

import threading
from typing import Any, TypeVar

from rest_framework.serializers import BaseSerializer

Made = TypeVar("Made", bound=BaseSerializer[Any])

_built = threading.local()


def represent(serializer: type[BaseSerializer[Any]], row: Any) -> dict[str, Any]:
    """Return what `serializer(row).data` returns. The context is empty at each call."""
    body: dict[str, Any] = _reused(serializer).to_representation(row)
    return body


def validate(serializer: type[BaseSerializer[Any]], data: Any) -> dict[str, Any]:
    """Return the validated data of `serializer(data=data)`. Raises ValidationError."""
    values: dict[str, Any] = _reused(serializer).run_validation(data)
    return values


def _reused(serializer: type[Made]) -> Made:
    serializers: dict[type, Any] = vars(_built).setdefault("serializers", {})
    built: Made | None = serializers.get(serializer)
    if built is None:
        built = serializers[serializer] = serializer()
    built._context = {}
    return built

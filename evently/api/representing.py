"""Bodies of single rows, by serializers that are built once."""

import threading
from typing import Any

from rest_framework.serializers import BaseSerializer

_built = threading.local()


def represent(serializer: type[BaseSerializer[Any]], row: Any) -> dict[str, Any]:
    """Return what `serializer(row).data` returns.

    REST framework builds a serializer's fields anew for each row, which takes longer than reading
    them. Here each thread builds them once. The context is empty at each call.
    """
    serializers: dict[type, Any] = vars(_built).setdefault("serializers", {})
    built = serializers.get(serializer)
    if built is None:
        built = serializers[serializer] = serializer()
    built._context = {}
    body: dict[str, Any] = built.to_representation(row)
    return body

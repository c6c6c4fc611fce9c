"""Formats of responses: JSON, text, calendar files and QR codes."""

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from evently.exact_json import ExactJSONEncoder

ANYTHING = "*/*"


class Negotiation(DefaultContentNegotiation):
    """Selects the renderer; without comparing formats for clients that accept any."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> Any:
        """Return a renderer and its media type. Raises NotAcceptable."""
        if format_suffix is None and request.META.get("HTTP_ACCEPT", ANYTHING) == ANYTHING:
            first = next(iter(renderers))
            return first, first.media_type
        return super().select_renderer(request, renderers, format_suffix)


class ExactJSONRenderer(JSONRenderer):
    encoder_class = ExactJSONEncoder


class FileRenderer(BaseRenderer):
    """Passes bytes through; errors are still problem documents."""

    charset: str | None = None
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        content: bytes = data
        return content


class CalendarRenderer(FileRenderer):
    media_type = "text/calendar"
    format = "ics"
    charset = "utf-8"


class CsvRenderer(FileRenderer):
    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"


class ParquetRenderer(FileRenderer):
    media_type = "application/vnd.apache.parquet"
    format = "parquet"


class TextRenderer(FileRenderer):
    media_type = "text/plain"
    format = "txt"
    charset = "us-ascii"


class SvgRenderer(FileRenderer):
    media_type = "image/svg+xml"
    format = "svg"

"""Formats of responses: JSON, text, calendar files and QR codes."""

from typing import Any

from rest_framework.renderers import BaseRenderer, JSONRenderer

from evently.exact_json import ExactJSONEncoder


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


class TextRenderer(FileRenderer):
    media_type = "text/plain"
    format = "txt"
    charset = "us-ascii"


class SvgRenderer(FileRenderer):
    media_type = "image/svg+xml"
    format = "svg"

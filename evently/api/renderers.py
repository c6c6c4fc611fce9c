"""What is not JSON: calendar files and QR codes."""

from typing import Any

from rest_framework.renderers import BaseRenderer


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

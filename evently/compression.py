"""Compress what is sent as text; static files are compressed beforehand, by WhiteNoise."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

COMPRESSED = ("text/", "application/json", "application/problem+json", "image/svg+xml")


class CompressionMiddleware(GZipMiddleware):
    """Django's, for text only.

    It adds a random number of bytes, so that the length tells nothing about secrets on a page
    (BREACH); CSRF tokens differ in each response anyway. It makes an ETag a weak one, which the API
    takes back all the same (`evently/api/etags.py`).
    """

    def process_response(self, request: HttpRequest, response: Any) -> HttpResponseBase:
        kind = response.headers.get("Content-Type", "")
        is_text = kind.startswith(COMPRESSED) or "openapi" in kind
        if not is_text:
            return response
        return super().process_response(request, response)

"""The bare server: `/wsgi` is answered without Django, everything else by the bare views."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.bare.settings"
BODY = b'{"bare": true}'
HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]

views = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/wsgi":
        start_response("200 OK", HEADERS)
        return [BODY]
    return views(environ, start_response)

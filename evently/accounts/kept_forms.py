"""Forms that wait until their user has answered a question first, sealed under the user's key."""

import json
import time
from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from evently.accounts.models import User


def sealed_form(
    request: HttpRequest, user: User, *, without: Collection[str] = (), **about: str
) -> str:
    """Return what was sent to this page, sealed for this user, with more `about` it.

    without: names of fields that are left out; the CSRF token always is.
    """
    form = [
        (name, value)
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken" and name not in without
        for value in values
    ]
    kept = {
        **about,
        "path": request.get_full_path(),
        "method": request.method,
        "form": urlencode(form),
        "at": int(time.time()),
    }
    assert user.key is not None
    return user.key.seal("kept_form", json.dumps(kept))


def opened_form(user: User, sealed: str, *, max_age: int) -> dict[str, Any] | None:
    """Return what `sealed_form` sealed, or None if it is another user's or too old.

    max_age: in seconds.
    """
    text = user.key and user.key.open("kept_form", sealed)
    kept: dict[str, Any] | None = json.loads(text) if text else None
    return kept if kept is not None and kept["at"] >= time.time() - max_age else None

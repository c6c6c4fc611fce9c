"""What the form on a page would submit, as its HTML says."""

from html.parser import HTMLParser
from typing import Any

CSRF_TOKEN = "csrfmiddlewaretoken"


class _Inputs(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        name, value = named.get("name"), named.get("value")
        if tag == "input" and name and value is not None:
            self.values[name] = value


def filled_fields(response: Any) -> dict[str, str]:
    """Return the inputs of a page that have a value, without the CSRF token."""
    page = response.content.decode()
    values = _Inputs(page.partition('id="content"')[2] or page).values
    values.pop(CSRF_TOKEN, None)
    return values

"""An email as others than its recipient may read it: without links and codes.

Links in emails work without logging in, and codes admit to the event.
"""

import re
from functools import lru_cache

from django.conf import settings

_HREF = re.compile(r"\s(?:href|action|background)=(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
# Of what an organizer has at the top; all other images may be codes.
_PICTURE = re.compile(r'<img class="(?:logo|picture)"')
LINK, CODE, PICTURE = "(link)", "(code)", ""


def redacted_html(html: str) -> str:
    """Return HTML without the targets of its links, and without images."""
    return redacted_text(_IMAGE.sub(_without_image, _HREF.sub("", html)))


def _without_image(found: re.Match[str]) -> str:
    return PICTURE if _PICTURE.match(found[0]) else CODE


def redacted_text(text: str) -> str:
    """Replace all URLs of this site that are more than its home page."""
    return _of_site(settings.PUBLIC_URL).sub(LINK, text)


@lru_cache(maxsize=4)
def _of_site(url: str) -> re.Pattern[str]:
    # As long as it is a URL, whatever follows: nothing of a link is left standing.
    return re.compile(rf"{re.escape(url)}/[^\s\"'<>]+", re.IGNORECASE)

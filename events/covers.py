"""The drawings of events as images, for the cards that other sites show of a link.

Pages draw them from the same two files: shapes in img/covers.svg, colours in components/cover.css.
"""

import re
from functools import cache
from html import escape
from uuid import UUID

from django.urls import reverse
from resvg_py import svg_to_bytes

from evently.environment import BASE_DIR
from evently.links import absolute

COVERS = 12
# What sites that show link previews ask for. Of a drawing, its middle is taken.
WIDTH, HEIGHT = 1200, 630
VIEW = "0 24 480 252"

SHAPES = re.compile(r'<symbol id="cover-(\d+)"[^>]*>(.*?)</symbol>', re.DOTALL)
PALETTE = re.compile(r"\.tone--(\d+) \{(.*?)\}", re.DOTALL)
COLOUR = re.compile(r"--(c\d): ([^;]+);")


def drawing_of(event_id: UUID) -> tuple[int, int]:
    """Return an event's drawing and its colours, 0 to 11 each.

    Events have no pictures: the random digits of the id choose.
    """
    return event_id.int % COVERS, event_id.int // COVERS % COVERS


def drawing_url(event_id: UUID) -> str:
    """Return the link to an event's drawing as a picture, for other sites and emails."""
    return absolute(reverse("cover_image", args=drawing_of(event_id)))


@cache
def cover_png(cover: int, tone: int) -> bytes:
    """Return a drawing as a PNG; cover, tone: of an `EventPresenter`, 0 to 11 each.

    All 144 together take a few megabytes.
    """
    drawing = _drawings()[cover]
    # As in evently/templatetags/components.py: tone 0 has the colours that belong to the drawing.
    for name, colour in _palettes()[tone or cover].items():
        drawing = drawing.replace(f"var(--{name})", escape(colour))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{VIEW}">{drawing}</svg>'
    return bytes(svg_to_bytes(svg, width=WIDTH, height=HEIGHT, skip_system_fonts=True))


@cache
def _drawings() -> dict[int, str]:
    text = (BASE_DIR / "static/img/covers.svg").read_text()
    return {int(number): shapes for number, shapes in SHAPES.findall(text)}


@cache
def _palettes() -> dict[int, dict[str, str]]:
    text = (BASE_DIR / "static/css/components/cover.css").read_text()
    return {int(number): dict(COLOUR.findall(colours)) for number, colours in PALETTE.findall(text)}

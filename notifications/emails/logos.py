"""The logo of an organizer in the emails about an event: an image inside each of them."""

import base64
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from html import escape
from typing import Any

from notifications.emails.layout import inline_styles

PNG, JPEG = "image/png", "image/jpeg"
ENDINGS = {PNG: "png", JPEG: "jpg"}
# As it is shown, in CSS pixels: as wide as the text of an email (shipped/_frame.html).
WIDEST, HIGHEST = 500, 160
# It is stored with as many pixels as sharp screens have.
PIXELS_PER_CSS_PIXEL = 2
LEAST_PIXELS = 16
# The largest email with such a logo is still below 100 kB.
MOST_LOGO_BYTES = 30_000

IMAGE = inline_styles(
    '<img class="logo" src="cid:{id}" width="{width}" height="{height}" alt="{alt}">'
)


@dataclass(frozen=True)
class Logo:
    """A picture as emails have it.

    content: a PNG or JPEG. width, height: in pixels. digest: SHA-256 of the content.
    """

    content: bytes
    content_type: str
    width: int
    height: int
    digest: bytes

    @classmethod
    def of(cls, content: bytes, content_type: str, *, width: int, height: int) -> "Logo":
        return cls(content, content_type, width, height, sha256(content).digest())

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Logo":
        content = base64.b64decode(data["content"])
        return cls.of(content, data["type"], width=data["width"], height=data["height"])

    def as_json(self) -> dict[str, Any]:
        return {
            "content": base64.b64encode(self.content).decode(),
            "type": self.content_type,
            "width": self.width,
            "height": self.height,
        }

    @property
    def name(self) -> str:
        return f"logo.{ENDINGS[self.content_type]}"

    @property
    def content_id(self) -> str:
        return f"{self.digest.hex()[:32]}@logos"

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height in an email, in CSS pixels."""
        scale = min(WIDEST / self.width, HIGHEST / self.height, 1.0)
        return max(round(self.width * scale), 1), max(round(self.height * scale), 1)

    @cached_property
    def encoded(self) -> str:
        """The content as lines of base64, the same for many emails."""
        return base64.encodebytes(self.content).decode()

    @cached_property
    def data_url(self) -> str:
        """The content for a page or a frame."""
        return f"data:{self.content_type};base64,{base64.b64encode(self.content).decode()}"

    def html(self, *, alt: str) -> str:
        """Return it as an element of an email, with its styles. alt: whose logo it is."""
        width, height = self.shown_size
        return IMAGE.format(id=self.content_id, width=width, height=height, alt=escape(alt))

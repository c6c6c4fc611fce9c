"""Make the logo of an email of the file that an organizer uploads.

The content decides what a file is, not its name. Nothing of the file itself is kept: its pixels are
drawn anew, without metadata, small enough for every email. Nothing is decoded before the header has
said how many pixels there are.
"""

from collections.abc import Iterator
from io import BytesIO
from threading import Lock
from typing import Any

import structlog
from PIL import Image, ImageChops, ImageOps, ImageStat, UnidentifiedImageError

from evently.errors import Invalid
from notifications.emails.logos import (
    HIGHEST,
    JPEG,
    LEAST_PIXELS,
    MOST_LOGO_BYTES,
    PIXELS_PER_CSS_PIXEL,
    PNG,
    WIDEST,
    Logo,
)

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_UPLOAD_MB = 4
MOST_UPLOAD_BYTES = MOST_UPLOAD_MB * 1024 * 1024
# Four bytes each, once decoded.
MOST_PIXELS = 16_000_000
# Around a logo without a background of its own, in CSS pixels.
PADDING = 10
# What a transparent logo stands on, in light and in dark emails alike: as the card is in one of
# them (shipped/_frame.html).
LIGHT_PLATE, DARK_PLATE = (255, 255, 255), (29, 26, 24)
# Below this contrast (WCAG), a pixel cannot be told from the plate.
LOST = 1.5
# Most logos have few colours. The palette is used where that changes the picture by no more than
# so much on average (of 255).
MOST_COLOURS, UNSEEN = 256, 2.0
# Otherwise without loss if that is small enough, then as JPEG, then with fewer pixels.
QUALITIES = (92, 85, 75, 60)
SHRINK = 0.8

# Decoding takes up to 250 MB: one at a time in a process.
_one_at_a_time = Lock()
log = structlog.get_logger(__name__)


class LogoRefused(Invalid):
    code = "logo_refused"
    message = (
        "This file is not a PNG, JPEG, WebP or GIF picture. Save your logo as one of these, best "
        "as PNG, and choose it again."
    )


class LogoTooLarge(LogoRefused):
    message = (
        f"This file is larger than {MOST_UPLOAD_MB} MB. Save your logo smaller, such as 1,000 "
        "pixels wide, and choose it again."
    )


class LogoIsVector(LogoRefused):
    message = (
        "SVG files cannot be used, as most email clients do not show them. Export your logo as "
        "PNG, 1,000 pixels wide, and choose that."
    )


class LogoHasTooManyPixels(LogoRefused):
    message = (
        f"This picture has more than {MOST_PIXELS // 1_000_000} million pixels. Save your logo "
        "smaller, such as 1,000 pixels wide, and choose it again."
    )


class LogoDamaged(LogoRefused):
    message = "This picture is damaged or incomplete. Save your logo again, and choose that file."


class LogoTooSmall(LogoRefused):
    message = (
        "This picture is too small or too narrow to be seen in an email. Choose one at least "
        f"{LEAST_PIXELS} pixels high and wide, whose sides do not differ so much."
    )


class LogoInvisible(LogoRefused):
    message = "This picture is transparent throughout. Choose one that shows your logo."


def logo_from(upload: bytes) -> Logo:
    """Return the logo that a file becomes, at most MOST_LOGO_BYTES large.

    Of an animation, it is the first picture. Raises LogoRefused.
    """
    if len(upload) > MOST_UPLOAD_BYTES:
        raise LogoTooLarge
    with _one_at_a_time:
        picture = _decoded(upload)
        if "A" in picture.getbands():
            picture = _cut_out(picture)
            picture, ratio = _fitted(picture, padding=PADDING)
            picture = _on_plate(picture, padding=round(PADDING * ratio))
        else:
            picture, _ = _fitted(picture, padding=0)
        return _encoded(picture)


def _decoded(upload: bytes) -> Image.Image:
    """Return the pixels of a file, upright: RGBA if it has transparent ones, otherwise RGB."""
    try:
        picture = _opened(upload)
        # Many times faster for large photos: JPEG is decoded at the size that is needed.
        target = PIXELS_PER_CSS_PIXEL * max(WIDEST, HIGHEST)
        picture.draft(None, (target, target))
        ImageOps.exif_transpose(picture, in_place=True)
        if picture.mode.startswith("I;16"):
            # Grey with 16 bits, of which the conversion would keep the lower ones.
            picture = picture.point(lambda value: value / 256).convert("L")
        mode = "RGBA" if picture.has_transparency_data else "RGB"
        # Converted to the mode that it has, it would be there twice.
        picture.load()
        return picture if picture.mode == mode else picture.convert(mode)
    except LogoRefused:
        raise
    except Exception as error:
        # What decoders raise for files that were made to confuse them is not documented.
        log.info("logo_damaged", error=type(error).__name__)
        raise LogoDamaged from error


def _opened(upload: bytes) -> Image.Image:
    """Return a picture of which only the header has been read."""
    try:
        file = Image.open(BytesIO(upload), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise (LogoIsVector if _is_svg(upload) else LogoRefused) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # The library's own limits, which are higher; a warning where warnings are errors.
        raise LogoHasTooManyPixels from error
    if file.width * file.height > MOST_PIXELS:
        raise LogoHasTooManyPixels
    return file


def _is_svg(upload: bytes) -> bool:
    return b"<svg" in upload[:4_096].lower()


def _cut_out(picture: Image.Image) -> Image.Image:
    """Return a picture without its transparent edges."""
    box = picture.getchannel("A").getbbox()
    if box is None:
        raise LogoInvisible
    return picture.crop(box)


def _fitted(picture: Image.Image, *, padding: int) -> tuple[Image.Image, float]:
    """Return a picture of the size that an email needs, and its pixels for each CSS pixel.

    Never larger than it was. padding: that it will get on each side, in CSS pixels.
    """
    width, height = WIDEST - 2 * padding, HIGHEST - 2 * padding
    shown = min(width / picture.width, height / picture.height, 1.0)
    stored = min(shown * PIXELS_PER_CSS_PIXEL, 1.0)
    size = round(picture.width * stored), round(picture.height * stored)
    if min(size) < LEAST_PIXELS:
        raise LogoTooSmall
    return _resized(picture, size), stored / shown


def _resized(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    if size == picture.size:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _on_plate(picture: Image.Image, *, padding: int) -> Image.Image:
    """Return a transparent picture on a plate of the colour on which more of it is seen.

    Part of the picture, since email clients change colours behind pictures in dark mode.
    """
    lost_on_light, lost_on_dark = _lost(picture, LIGHT_PLATE), _lost(picture, DARK_PLATE)
    # White parts of a logo are often meant to be as the paper is.
    colour = DARK_PLATE if lost_on_dark < lost_on_light / 2 else LIGHT_PLATE
    plate = Image.new("RGB", (picture.width + 2 * padding, picture.height + 2 * padding), colour)
    plate.paste(picture, (padding, padding), picture)
    return plate


def _lost(picture: Image.Image, plate: tuple[int, int, int]) -> float:
    """Return how much of a picture cannot be told from a plate, 0 to 1."""
    sample = picture.copy()
    sample.thumbnail((80, 80))
    behind = _luminance(*plate)
    lost = visible = 0.0
    colours: Any = sample.get_flattened_data()
    for red, green, blue, alpha in colours:
        low, high = sorted((behind, _luminance(red, green, blue)))
        visible += alpha
        lost += alpha if (high + 0.05) / (low + 0.05) < LOST else 0
    return lost / visible if visible else 1.0


def _luminance(red: int, green: int, blue: int) -> float:
    """Return the relative luminance of a colour (WCAG), with a plain exponent of 2.2."""
    shares = zip((0.2126, 0.7152, 0.0722), (red, green, blue), strict=True)
    return sum(share * (value / 255) ** 2.2 for share, value in shares)


def _encoded(picture: Image.Image) -> Logo:
    """Return a picture as a file that is small enough, drawn anew so that nothing else is in it."""
    plain = Image.new("RGB", picture.size)
    plain.paste(picture)
    while True:
        for content_type, content in _files(plain):
            if len(content) <= MOST_LOGO_BYTES:
                return Logo.of(content, content_type, width=plain.width, height=plain.height)
        size = round(plain.width * SHRINK), round(plain.height * SHRINK)
        plain = _resized(plain, size)


def _files(picture: Image.Image) -> Iterator[tuple[str, bytes]]:
    """Yield a picture as content type and bytes, the best first."""
    few = picture.quantize(MOST_COLOURS, dither=Image.Dither.NONE)
    difference = ImageChops.difference(picture, few.convert("RGB"))
    is_flat = max(ImageStat.Stat(difference).rms) <= UNSEEN
    yield PNG, _written(few if is_flat else picture, "PNG", optimize=True)
    for quality in QUALITIES:
        # Colours with all their pixels, as letters are often coloured. Neither optimized nor
        # progressive: what is nothing but noise does not fit into the library's buffer then.
        yield JPEG, _written(picture, "JPEG", quality=quality, subsampling=0)


def _written(picture: Image.Image, format_: str, **options: object) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, format_, **options)
    return buffer.getvalue()

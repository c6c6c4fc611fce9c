"""QR codes of tickets."""

import io
import struct
import zlib

import segno

from bookings.models import Ticket

# Enough error correction for a crumpled print or a cracked screen.
ERROR_CORRECTION = "m"
QUIET_ZONE = 4
# Scanners read any of the eight masks. Choosing the best takes most of the drawing time, and codes
# are drawn for the email of every booking.
MASK = 3
# Pixels per module of an image; even, so that rows of pixels are whole bytes of hex digits.
PNG_SCALE = 6


def qr_text(ticket: Ticket) -> str:
    """Return the content of a ticket's QR code: its event, and the secret checked at the door."""
    return f"evently:{ticket.event_id}:{ticket.secret}"


def ticket_code(ticket: Ticket) -> segno.QRCode:
    return _code(qr_text(ticket))


def _code(text: str) -> segno.QRCode:
    return segno.make_qr(text, error=ERROR_CORRECTION, mask=MASK)


def qr_svg(ticket: Ticket, *, scale: int = 8) -> bytes:
    """Return a ticket's QR code as an SVG document; scale: pixels per module."""
    buffer = io.BytesIO()
    ticket_code(ticket).save(
        buffer, kind="svg", scale=scale, border=QUIET_ZONE, light="#fff", title="Ticket"
    )
    return buffer.getvalue()


def qr_png(ticket: Ticket) -> bytes:
    """Return a ticket's QR code as a PNG image, at PNG_SCALE pixels per module."""
    text = qr_text(ticket).encode()
    codes = _codes_by_length.setdefault(len(text), Codes())
    return png_of(*codes.modules_of(text))


# ── Modules ─────────────────────────────────────────────────────────────────
class Codes:
    """The codes of texts of one length in bytes, most of them without drawing them anew.

    With version, error correction and mask fixed, each module of a code is a sum (XOR) of bits of
    the text: Reed-Solomon codes are linear. So a text that is the sum of texts seen before has the
    sum of their codes. After a few hundred tickets all others are.
    """

    def __init__(self) -> None:
        self._size = 0
        self._first = (0, 0)
        # By the highest bit of the text: a difference of texts, and that of their codes.
        self._known: dict[int, tuple[int, int]] = {}

    def modules_of(self, text: bytes) -> tuple[int, int]:
        """Return the rows of a code (`_rows`) as one number, and its side in modules."""
        number = int.from_bytes(text, "big")
        if not self._size:
            return self._begin_with(text, number)
        first_text, modules = self._first
        rest = number ^ first_text
        while rest and (known := self._known.get(rest.bit_length())):
            rest ^= known[0]
            modules ^= known[1]
        if rest:
            drawn = _rows(_code(text.decode()))
            self._known[rest.bit_length()] = (rest, drawn ^ modules)
            modules = drawn
        return modules, self._size

    def _begin_with(self, text: bytes, number: int) -> tuple[int, int]:
        code = _code(text.decode())
        modules, size = _rows(code), len(code.matrix)
        self._first, self._size = (number, modules), size
        return modules, size


_codes_by_length: dict[int, Codes] = {}


def _rows(code: segno.QRCode) -> int:
    """Return the modules of a code as the bits of a number, row by row.

    A row has the quiet zone on both sides, and ends with the hex digit that it begins.
    """
    size = len(code.matrix)
    margin, end = "0" * QUIET_ZONE, "0" * (4 * _digits(size) - size - QUIET_ZONE)
    rows = ("".join("1" if module else "0" for module in row) for row in code.matrix)
    return int("".join(f"{margin}{row}{end}" for row in rows), 2)


def _digits(size: int) -> int:
    """Return the hex digits of a row of a code with so many modules."""
    return -(-(size + 2 * QUIET_ZONE) // 4)


# ── Images ──────────────────────────────────────────────────────────────────
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_AS_IT_IS, _AS_ABOVE = b"\0", b"\2"


def _pixels(modules: int) -> str:
    """Return four modules, a hex digit, as hex digits of pixels: dark is 0."""
    bits = "".join(("1" if bit == "0" else "0") * PNG_SCALE for bit in f"{modules:04b}")
    return f"{int(bits, 2):0{PNG_SCALE}x}"


_PIXELS = str.maketrans({f"{modules:x}": _pixels(modules) for modules in range(16)})


def png_of(modules: int, size: int) -> bytes:
    """Return the rows of a code as a PNG image of one bit per pixel, with a quiet zone.

    Each row of modules is a row of pixels, and others that say they are like the one above.
    """
    side, digits = (size + 2 * QUIET_ZONE) * PNG_SCALE, _digits(size)
    width, length = -(-side // 8), digits * PNG_SCALE // 2
    pixels = bytes.fromhex(f"{modules:0{digits * size}x}".translate(_PIXELS))
    repeated = (_AS_ABOVE + bytes(width)) * (PNG_SCALE - 1)
    light = _AS_IT_IS + b"\xff" * width + (_AS_ABOVE + bytes(width)) * (QUIET_ZONE * PNG_SCALE - 1)
    rows = [light]
    for start in range(0, size * length, length):
        rows += (_AS_IT_IS, pixels[start : start + width], repeated)
    rows.append(light)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    # Large enough to repeat a row of modules, and small enough to be set up quickly.
    squeeze = zlib.compressobj(1, zlib.DEFLATED, wbits=12, memLevel=5)
    content = squeeze.compress(b"".join(rows)) + squeeze.flush()
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", content) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

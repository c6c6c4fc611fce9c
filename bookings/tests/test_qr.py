"""The images of tickets' QR codes show what segno draws."""

import random
import struct
import uuid
import zlib
from types import SimpleNamespace

import segno

from bookings import qr


def ticket(chance, event_id=None):
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789-_"
    return SimpleNamespace(
        event_id=event_id or uuid.UUID(int=chance.getrandbits(128)),
        secret="".join(chance.choices(letters, k=22)),
    )


def pixels_of(png):
    """Return the rows of a PNG image of one bit per pixel, as strings of 0 (dark) and 1."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = {}, 8
    while place < len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        content = png[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack(">I", png[place + 8 + length : place + 12 + length])
        assert checksum == zlib.crc32(kind + content)
        chunks[kind] = content
        place += 12 + length
    side, height, depth, color, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (side, depth, color, rest) == (height, 1, 0, [0, 0, 0])
    width, data, rows = -(-side // 8), zlib.decompress(chunks[b"IDAT"]), []
    for number in range(height):
        filter_, line = data[number * (width + 1)], data[number * (width + 1) + 1 :][:width]
        if filter_ == 2:
            assert line == bytes(width)
            rows.append(rows[-1])
        else:
            assert filter_ == 0
            rows.append("".join(f"{byte:08b}" for byte in line)[:side])
    assert len(data) == height * (width + 1)
    return rows


def drawn_by_segno(text):
    code = segno.make_qr(text, error=qr.ERROR_CORRECTION, mask=qr.MASK)
    scale, border = qr.PNG_SCALE, qr.QUIET_ZONE
    rows = code.matrix_iter(scale=scale, border=border)
    return ["".join("0" if module else "1" for module in row) for row in rows]


def test_images_are_equal_to_those_of_segno():
    chance = random.Random(1)
    event_id = uuid.UUID(int=chance.getrandbits(128))
    for number in range(500):
        one = ticket(chance, event_id if number % 2 else None)
        assert pixels_of(qr.qr_png(one)) == drawn_by_segno(qr.qr_text(one)), qr.qr_text(one)


def test_most_codes_need_not_be_drawn(monkeypatch):
    chance, drawn = random.Random(2), []
    draw = qr._code
    monkeypatch.setattr(qr, "_code", lambda text: drawn.append(text) or draw(text))
    monkeypatch.setattr(qr, "_codes_by_length", {})
    for _ in range(1_000):
        qr.qr_png(ticket(chance))

    assert len(drawn) < 400
    drawn.clear()
    for _ in range(200):
        qr.qr_png(ticket(chance))
    assert len(drawn) < 5


def test_texts_of_other_lengths_have_codes_of_their_own():
    one = SimpleNamespace(event_id=uuid.uuid4(), secret="a-short-one")
    other = SimpleNamespace(event_id=uuid.uuid4(), secret="a" * 60)
    for each in (one, other, one):
        assert pixels_of(qr.qr_png(each)) == drawn_by_segno(qr.qr_text(each))

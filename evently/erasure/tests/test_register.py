"""The register in a file and at a URL: gapless, compared, safe for several writers at once."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest

from evently.erasure import register as registers
from evently.erasure.register import (
    FileRegister,
    RegisterBroken,
    RegisterConflict,
    RegisterUnreachable,
    UrlRegister,
    verified,
)
from evently.erasure.signing import sign_line
from evently.tests.s3 import misbehaving


def lines(count):
    """Return a header and entries, as the database makes them."""
    made, previous = [(0, sign_line({"number": 0, "register": str(uuid4()), "previous": ""}))], ""
    for number in range(1, count + 1):
        line = sign_line(
            {
                "number": number,
                "erasure": str(uuid4()),
                "account": str(uuid4()),
                "kind": "erased",
                "erased_at": "2026-11-27T12:00:00+00:00",
                "previous": previous,
            }
        )
        made.append((number, line))
        previous = registers.digest(line)
    return made


class Store(BaseHTTPRequestHandler):
    """A server for a register; `hangs` lets it accept a request and say nothing."""

    entries: dict[str, bytes]
    release: threading.Event
    hangs = False

    def do_GET(self):
        if type(self).hangs:
            self.release.wait(10)
        content = self.entries.get(self.path)
        self.answer(200 if content else 404, content or b"")

    def do_PUT(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        is_new = self.entries.setdefault(self.path, content) is content
        self.answer(201 if is_new else 412, b"")

    def answer(self, status, content):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        """Keep quiet."""


@pytest.fixture
def store():
    handler = type("Store", (Store,), {"entries": {}, "release": threading.Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    handler.url = f"http://127.0.0.1:{server.server_port}/register"
    yield handler
    handler.release.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(params=["file", "url"])
def register(request, tmp_path, store):
    return (
        FileRegister(tmp_path / "r" / "e.jsonl")
        if request.param == "file"
        else UrlRegister(store.url)
    )


def test_entries_are_written_once_and_read_back(register):
    three = lines(3)
    assert not register.exists()

    assert register.write(three[:3]) == 2
    assert register.write(three[:3]) == 2
    assert register.write(three[1:]) == 3

    assert register.exists()
    assert list(register.lines()) == three
    assert (register.line(3), register.line(4)) == (three[3][1], None)
    assert [entry["number"] for _, entry in verified(register)] == [1, 2, 3]


def test_other_entry_under_a_number_is_a_conflict_and_stays(register):
    one, other = lines(1), lines(2)
    register.write(one)

    with pytest.raises(RegisterConflict, match="Entry 0"):
        register.write(other)
    with pytest.raises(RegisterConflict, match="Entry 1"):
        register.write(other[1:])

    assert list(register.lines()) == one


def test_many_writers_at_once_write_each_line_once(register):
    all_lines = lines(12)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda end: register.write(all_lines[: 3 * end + 1]), [1, 4, 2, 3] * 3))

    assert list(register.lines()) == all_lines


def test_gap_is_not_written_over_and_a_torn_line_is_replaced(tmp_path):
    register, three = FileRegister(tmp_path / "e.jsonl"), lines(3)
    register.write(three[:2])
    assert register.write(three[3:]) == 1, "the second one is missing"
    with register.path.open("a") as file:
        file.write(three[2][1][:40])

    assert register.line(2) is None
    assert register.write(three) == 3
    assert list(register.lines()) == three
    assert register.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: rows[:1] + rows[2:], "does not follow"),
        (lambda rows: [*rows[:1], rows[2], rows[1], rows[3]], "does not follow"),
        (lambda rows: rows[1:], "does not follow"),
        (lambda rows: [*rows[:3], rows[3].replace("erased", "forged")], "was changed"),
        (lambda rows: [*rows, "{}"], "is not an entry"),
        (lambda rows: [*rows, json.dumps({"key": "x", "signature": "eA"})], "does not have"),
    ],
)
def test_edited_register_is_noticed(tmp_path, change, says):
    register = FileRegister(tmp_path / "e.jsonl")
    register.write(lines(3))
    rows = register.path.read_text().splitlines()
    register.path.write_text("".join(f"{row}\n" for row in change(rows)))

    with pytest.raises(RegisterBroken, match=says):
        list(verified(register))


def test_entries_of_a_lost_key_are_taken_on_demand_only(tmp_path, settings):
    register = FileRegister(tmp_path / "e.jsonl")
    register.write(lines(2))
    settings.SECRET_KEY = "another secret that is long enough"

    with pytest.raises(RegisterBroken, match="SECRET_KEY_FALLBACKS"):
        list(verified(register))
    assert len(list(verified(register, accept_unknown_keys=True))) == 2


def test_server_that_hangs_or_is_down_is_given_up(store, monkeypatch):
    monkeypatch.setattr(registers, "READ_SECONDS", 0.2)
    store.hangs = True
    with pytest.raises(RegisterUnreachable, match="Timeout"):
        UrlRegister(store.url).write(lines(1))
    with pytest.raises(RegisterUnreachable, match="Connection"):
        UrlRegister("http://127.0.0.1:1/x").line(1)


def test_answer_that_comes_byte_by_byte_is_given_up(monkeypatch):
    monkeypatch.setattr(registers, "ANSWER_SECONDS", 0.5)
    end = threading.Event()

    def trickle(connection, state):
        connection.recv(65536)
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X" * 1000:
            connection.sendall(bytes([byte]))
            if end.wait(0.1):
                return

    with misbehaving(trickle) as slow:
        with pytest.raises(RegisterUnreachable, match="does not end"):
            UrlRegister(slow.url).line(1)
        end.set()


def test_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RegisterUnreachable, match="file"):
        FileRegister(tmp_path / "file" / "e.jsonl").write(lines(1))


def test_password_of_the_url_is_not_shown():
    assert str(UrlRegister("https://me:secret@host.example/r/")) == "host.example/r"

"""An HTTP client that does what a correct one does, and records what a user saw."""

import http.client
import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.chaos.history import History, Trouble

if TYPE_CHECKING:
    from bench.people import Person

TIMEOUT_SECONDS = 12.0
PAUSE_SECONDS = 0.25
# Answers that ask for a repetition with the same key.
IN_PROGRESS = "request_in_progress"
AGAIN = frozenset({IN_PROGRESS, "event_busy"})
Lost = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def code(self) -> str:
        """Return the problem's code; "" where it is none."""
        if "json" not in self.headers.get("content-type", ""):
            return ""
        document = self.json()
        return str(document.get("code", "")) if isinstance(document, dict) else ""


class Client:
    """One person's connection, which is kept, and opened again where it breaks."""

    def __init__(self, port: int, history: History) -> None:
        self.port = port
        self.history = history
        self._connection: http.client.HTTPConnection | None = None

    def page(self, path: str, *, cookie: str = "") -> Answer | None:
        """Open a page; a browser repeats it at once where the connection broke, and no more."""
        headers = {"Cookie": cookie} if cookie else {}
        answer, _ = self._answer("GET", path, b"", headers, seconds=0.0)
        return answer

    def read(self, path: str, person: "Person") -> Answer | None:
        """Read from the API."""
        answer, _ = self._answer("GET", path, b"", _token(person), seconds=0.0)
        return answer

    def write(
        self, method: str, path: str, person: "Person", body: object = None, *, seconds: float
    ) -> tuple[Answer | None, int]:
        """Send a request under a new idempotency key, and repeat it until it is answered.

        seconds: after which the client gives up. Returns None where it did, and how often it was
        answered with a success or a refusal.
        """
        headers = _token(person) | {"Idempotency-Key": str(uuid.uuid4())}
        content = b""
        if body is not None:
            content = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        return self._answer(method, path, content, headers, seconds=seconds)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # ── Tries ───────────────────────────────────────────────────────────────
    def _answer(
        self, method: str, path: str, body: bytes, headers: dict[str, str], *, seconds: float
    ) -> tuple[Answer | None, int]:
        where, deadline = f"{method} {_without_ids(path)}", time.monotonic() + seconds
        answers, was_lost = 0, False
        while True:
            started = time.monotonic()
            try:
                answer = self._try(method, path, body, headers)
            except Lost as error:
                self._note_wait(started, where)
                # A connection that broke is opened again at once, which no user sees.
                if not was_lost and not isinstance(error, TimeoutError):
                    was_lost = True
                    continue
                self._trouble(type(error).__name__, where)
            else:
                self._note_wait(started, where)
                answers += answer.status < 500 and answer.code != IN_PROGRESS
                if answer.status < 500 and answer.code not in AGAIN:
                    return answer, answers
                if answer.status >= 500:
                    self._trouble(str(answer.status), where)
                    self._judge(answer, where)
            if time.monotonic() >= deadline:
                return None, answers
            time.sleep(PAUSE_SECONDS)

    def _try(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        self.history.requests += 1
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=TIMEOUT_SECONDS
            )
        try:
            self._connection.request(method, path, body or None, headers)
            response = self._connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        except Lost:
            self.close()
            raise

    def _trouble(self, what: str, where: str) -> None:
        self.history.troubles.append(Trouble(time.monotonic(), what, where))

    def _note_wait(self, started: float, where: str) -> None:
        self.history.waits.append((time.monotonic() - started, where))

    def _judge(self, answer: Answer, where: str) -> None:
        """Note an error that tells users nothing: only 503 with words and Retry-After is one."""
        words = "json" if "/api/" in where else "html"
        kind = answer.headers.get("content-type", "")
        if answer.status != 503 or "retry-after" not in answer.headers or words not in kind:
            self.history.unexpected.append(f"{answer.status} {kind} for {where}")


def _token(person: "Person") -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


def _without_ids(path: str) -> str:
    parts = path.partition("?")[0].split("/")
    return "/".join("…" if len(part) == len(str(uuid.UUID(int=0))) else part for part in parts)

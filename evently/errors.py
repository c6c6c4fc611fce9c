"""The kinds of refusal. Each refusal sits beside the operation that raises it.

The domain knows no HTTP: `evently.http_errors` maps a kind to a status, `evently.middleware` shows
a refusal as a page, `evently.api.problems` as a problem document. `code` is the contract with
integrators; wording may change.
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal that is shown to the caller."""

    code: ClassVar[str] = "refused"
    message: ClassVar[str] = "That is not possible."
    # Seconds until the same request may succeed; None where repeating it does not help.
    retry_after_seconds: int | None = None

    def __init__(self, message: str | None = None, **details: Any) -> None:
        """Refuse, with a sentence that says what to do next.

        details: values that go into the answer beside the code, for example both prices.
        """
        self.text = message or self.message
        self.details = details
        super().__init__(self.text)


class Malformed(DomainError):
    """The request cannot be read (400)."""

    code = "malformed"
    message = "The request cannot be read."


class Invalid(DomainError):
    """The request can be read, but its values are not valid (422)."""

    code = "invalid"
    message = "Please check what you entered."

    def __init__(
        self, message: str | None = None, *, fields: dict[str, str] | None = None, **details: Any
    ) -> None:
        """Refuse; fields: sentences by field name."""
        super().__init__(message, **details)
        self.fields = fields or {}


class NotAllowed(DomainError):
    """The user may not do this (403)."""

    code = "not_allowed"
    message = "You are not allowed to do this."


class NotFound(DomainError):
    """There is no such thing, or it belongs to another user (404)."""

    code = "not_found"
    message = "We could not find this."


class Gone(DomainError):
    """What was asked for was deleted, or never kept (410)."""

    code = "gone"
    message = "This is no longer kept."


class Conflict(DomainError):
    """The request is valid, but the current state does not allow it (409)."""

    code = "conflict"
    message = "That is no longer possible."


class EditedMeanwhile(Conflict):
    """The row has changed since the version that the change was made on.

    details: `version`, the current one. 409 on pages; 412 in the API, where the version comes in
    If-Match.
    """

    code = "edited_meanwhile"
    message = "This has changed in the meantime. Load it again, then repeat your change."


class Unavailable(DomainError):
    """A part of the installation is being changed; the request succeeds later (503)."""

    code = "unavailable"
    message = "This is not available for a moment. Please try again in a minute."
    retry_after_seconds: int | None = 30


class DatabaseUnavailable(Unavailable):
    """The database does not answer. Whether a write was done is then unknown."""

    message = "The database is not available right now. Please try again in a moment."
    retry_after_seconds: int | None = 5


class Busy(DomainError):
    """Too many requests at once; the same request may succeed shortly (429 with Retry-After)."""

    code = "busy"
    message = "This is very busy right now. Please try again in a moment."
    retry_after_seconds: int = 2

    def __init__(
        self, message: str | None = None, *, retry_after_seconds: int | None = None, **details: Any
    ) -> None:
        """Refuse for now, for retry_after_seconds or the kind's default."""
        super().__init__(message, **details)
        if retry_after_seconds is not None:
            self.retry_after_seconds = retry_after_seconds

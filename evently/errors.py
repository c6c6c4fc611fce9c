"""The kinds of refusal. Each refusal sits beside the operation that raises it.

The domain knows no HTTP: `evently.middleware` maps a kind to a status and shows the page of a
refusal, `evently.api.problems` writes the API's answer. `code` is the contract with integrators;
wording may change.
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal that is told to the person who asked."""

    code: ClassVar[str] = "refused"
    message: ClassVar[str] = "That is not possible."

    def __init__(self, message: str | None = None, **details: Any) -> None:
        """Refuse, with a sentence that says what to do next.

        details: values that go into the answer beside the code, for example both prices.
        """
        self.text = message or self.message
        self.details = details
        super().__init__(self.text)


class Invalid(DomainError):
    """What was sent makes no sense; sending it again will not help (422)."""

    code = "invalid"
    message = "Please check what you entered."

    def __init__(
        self, message: str | None = None, *, fields: dict[str, str] | None = None, **details: Any
    ) -> None:
        """Refuse; fields: sentences by field name."""
        super().__init__(message, **details)
        self.fields = fields or {}


class NotAllowed(DomainError):
    """The person may not do this (403)."""

    code = "not_allowed"
    message = "You may not do this."


class NotFound(DomainError):
    """There is no such thing, or it is not theirs to know of (404)."""

    code = "not_found"
    message = "We could not find that."


class Conflict(DomainError):
    """Sense was made, but the state of things forbids it (409)."""

    code = "conflict"
    message = "That is no longer possible."


class Busy(DomainError):
    """Too much is going on; the same request may work in a moment (429, Retry-After)."""

    code = "busy"
    message = "Very many people are doing this right now. Please try again in a moment."
    retry_after_seconds: int = 2

    def __init__(
        self, message: str | None = None, *, retry_after_seconds: int | None = None, **details: Any
    ) -> None:
        """Refuse for now; retry_after_seconds: when to come back."""
        super().__init__(message, **details)
        if retry_after_seconds is not None:
            self.retry_after_seconds = retry_after_seconds

"""Refusals of messages to attendees."""

from evently.errors import Conflict, Gone, Invalid, NotFound


class MessageNotFound(NotFound):
    """There is no such message, or it is one of another event."""

    code = "message_not_found"
    message = "We could not find this message."


class MessageErased(Gone):
    """Its author's account was deleted, and what they wrote with it."""

    code = "message_erased"
    message = "What this message said was erased with the account of its author."


class MessageInvalid(Invalid):
    code = "message_invalid"
    message = "Please check the message."


class MessageBegun(Conflict):
    """The message is being sent, or was sent: its content stays."""

    code = "message_begun"
    message = (
        "This message is being sent or was sent already, so it cannot be changed or sent again. "
        "Write a new one."
    )


class NotBegun(Conflict):
    """There is nothing to stop: the message is a draft or scheduled, or was stopped."""

    code = "message_not_sending"
    message = "This message is not being sent, so there is nothing to stop."


class NobodyToWriteTo(Conflict):
    code = "no_recipients"
    message = "This message would reach no one now. Choose other recipients."


class TooManyMessages(Conflict):
    """The event has had, or has scheduled, its messages of the day."""

    code = "too_many_messages"
    message = (
        "This event has had its messages of that day. Send this one on another day; a draft is "
        "kept until then."
    )

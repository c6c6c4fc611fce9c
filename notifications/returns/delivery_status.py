"""Delivery status notifications (RFC 3464), which most mail servers write.

Our emails have one recipient. A notification with several is about addresses that it was forwarded
to, or that its list has.
"""

from collections.abc import Sequence
from dataclasses import replace
from email.message import Message

from notifications.return_models import ReturnOutcome, ReturnReason
from notifications.returns.parts import blocks_of, header, part_of_type, text_of
from notifications.returns.reports import Verdict
from notifications.returns.status_codes import CODE, meaning_of

OUTCOMES = {
    "failed": ReturnOutcome.BOUNCED,
    "delayed": ReturnOutcome.DEFERRED,
    "delivered": ReturnOutcome.DELIVERED,
}
# They say that another server has it now, and no more.
PASSED_ON = {"relayed", "expanded"}


def delivery_status_of(message: Message) -> Verdict | None:
    """Return what a notification says became of an email; None where it is none."""
    part = part_of_type(message, "message/delivery-status")
    if part is None:
        return None
    words = text_of(message)
    blocks = blocks_of(part)
    verdicts = [verdict for block in blocks if (verdict := _verdict(block, words)) is not None]
    together = _together(verdicts)
    if together is not None and any(_action(block) in PASSED_ON for block in blocks):
        return replace(together, is_permanent=False)
    return together


def _action(block: Message) -> str:
    return header(block, "Action").lower()


def _verdict(block: Message, words: str) -> Verdict | None:
    outcome = OUTCOMES.get(_action(block))
    if outcome is None:
        return None
    code = header(block, "Status").partition(" ")[0]
    if outcome is ReturnOutcome.DELIVERED:
        is_known = CODE.match(code) is not None and code.startswith("2.")
        return Verdict(outcome, code=code if is_known else "")
    answer = header(block, "Diagnostic-Code")
    meaning = meaning_of(code, answer or words)
    if meaning.reason is ReturnReason.OTHER:
        # Exchange says in words what its code does not.
        meaning = meaning_of(meaning.code, f"{answer}\n{words}")
    is_final = outcome is ReturnOutcome.BOUNCED
    return Verdict(
        outcome, meaning.reason, meaning.code, is_permanent=is_final and meaning.is_permanent
    )


def _together(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return what several mean: permanent only where each address it went on to is."""
    bounced = [each for each in verdicts if each.outcome is ReturnOutcome.BOUNCED]
    if not bounced:
        return verdicts[0] if verdicts else None
    if len(bounced) < len(verdicts):
        # It has reached somebody, or may still do.
        return next(each for each in verdicts if each.outcome is not ReturnOutcome.BOUNCED)
    soft = [each for each in bounced if not each.is_permanent]
    return soft[0] if soft else bounced[0]

"""Why emails could not be sent, in the words of people who do not run mail servers.

The delivery log has short descriptions (`providers.errors.describe`): the kind of error and
codes of the mail server, never its words, which often repeat personal data.
"""

import re

from notifications.return_models import EmailReturn, ReturnOutcome, ReturnReason, SuppressionReason

ACCOUNT_DELETED = "the account was deleted, so there is no email address"
GIVEN_UP = "none of the attempts ended"
HELD_BACK = "held back: this email address is not confirmed, so emails to it are limited"

TOO_MANY_FOR_SERVICE = "The email service wants emails more slowly, or fewer of them ({codes})."
# By the first digit of its code.
REFUSED_BY_SERVICE = {
    "4": "The email service refused the email, or this site ({codes}).",
    "5": "The email service has a fault ({codes}).",
    "2": "The email service got the email, and its answer cannot be read ({codes}).",
}
# What came back of an email, by the outcome, with the reason and the server's code after it.
RETURNED: dict[str, str] = {
    ReturnOutcome.BOUNCED: "The email came back: {reason}.{codes}",
    ReturnOutcome.DEFERRED: "The recipient's mail server has not accepted it yet: {reason}.{codes}",
    ReturnOutcome.COMPLAINED: "It arrived, and the recipient reported it as spam.",
}
REASONS: dict[str, str] = {
    ReturnReason.NO_MAILBOX: "there is no such mailbox",
    ReturnReason.NO_DOMAIN: "what follows the @ takes no emails",
    ReturnReason.DISABLED: "the mailbox is closed",
    ReturnReason.FULL: "the mailbox is full",
    ReturnReason.TOO_LARGE: "the email is too large for it",
    ReturnReason.BLOCKED: "the mail server blocks emails of this site",
    ReturnReason.EXPIRED: "the mail server could not be reached",
}
UNKNOWN_REASON = "the mail server gave no reason that is known"
# By the prefix of what was not sent at all, with why the address is suppressed.
SUPPRESSED = "suppressed"
NOT_SENT = "Not sent, as this address gets no emails: {reason}. Ask for another address."
SUPPRESSED_FOR: dict[str, str] = {
    SuppressionReason.HARD_BOUNCE: "it does not exist",
    SuppressionReason.SOFT_BOUNCES: "emails to it have kept coming back",
    SuppressionReason.COMPLAINT: "its owner reported an email as spam",
}
# Of one kind of emails only, so that it is no reason of the suppression list.
TURNED_OFF = "turned_off"
NOT_WANTED = "Not sent, as this person has turned these emails off."

# By the name of the error; {codes} are those of the mail server. What the codes mean is told by
# their first digit only: 5 is for good, 4 for now.
REFUSED_FOR_GOOD = "The mail server refused this recipient ({codes}). Check the email address."
REFUSED_FOR_NOW = "The mail server did not accept this recipient for now ({codes})."
# Not for its recipient: spam filters, quotas, relaying (5.3, 5.4 and 5.7 of the enhanced codes).
REFUSED_BY_POLICY = (
    "The mail server refused the email by its own rules ({codes}). The address may be correct."
)
SENTENCES = {
    "SMTPDataError": "The mail server refused the email itself ({codes}).",
    "SMTPSenderRefused": "The mail server refused the sender of this site ({codes}).",
    "SMTPAuthenticationError": "The mail server refused the login of this site ({codes}).",
    "AnswerLost": "The mail server got the email and did not say whether it accepts it.",
    "NoAnswer": "The mail server did not answer in time.",
    "SMTPServerDisconnected": "The mail server closed the connection.",
    "SMTPConnectError": "The mail server could not be reached ({codes}).",
    "SMTPHeloError": "The mail server refused the connection ({codes}).",
    "ConnectionRefusedError": "The mail server could not be reached.",
    "ConnectionResetError": "The mail server closed the connection.",
    "TimeoutError": "The mail server did not answer in time.",
    "gaierror": "The mail server's name could not be looked up.",
    "SSLCertVerificationError": "The mail server's certificate could not be verified.",
    "AnymailRecipientsRefused": "The email service refused this recipient. Check the address.",
    "AnymailInvalidAddress": "The email address cannot be sent. Check the address.",
    "AnymailUnsupportedFeature": "The email service cannot send an email like this one.",
    "AnymailConfigurationError": "The email service is not set up as it needs to be.",
    "ConnectionError": "The email service could not be reached, or closed the connection.",
    "ConnectTimeout": "The email service could not be reached.",
    "ReadTimeout": "The email service got the email and did not say whether it accepts it.",
    "TooManyRedirects": "The email service has another address than the settings say.",
    "SSLError": "The certificate of the mail server or service could not be verified.",
    "ValueError": "The email address or the text of the email cannot be sent. Check the address.",
    "UnicodeEncodeError": "The email address cannot be sent. Check the address.",
}
OURS = {
    "": "",
    ACCOUNT_DELETED: "The account was deleted, so there is no email address.",
    GIVEN_UP: "Sending was started several times, but never finished.",
    HELD_BACK: (
        "Held back: this address has not been confirmed, so it gets only a few emails an hour. "
        "This one is sent within that limit, or as soon as the address is confirmed."
    ),
}


def failure_in_words(error_message: str) -> str:
    """Return a sentence about an error of the delivery log, or "" for none."""
    if error_message in OURS:
        return OURS[error_message]
    name, _, rest = error_message.partition(" ")
    if name in RETURNED:
        return _returned_in_words(name, rest)
    if name == SUPPRESSED:
        return NOT_SENT.format(reason=SUPPRESSED_FOR.get(rest, "earlier ones came back"))
    codes = re.findall(r"\b[245]\d\d\b", rest)
    shown = ", ".join(dict.fromkeys(codes)) or "no code"
    if name == "SMTPRecipientsRefused":
        if enhanced := re.findall(r"\b\d{3} 5\.\d{1,3}\.\d{1,3}\b", rest):
            return REFUSED_BY_POLICY.format(codes=", ".join(dict.fromkeys(enhanced)))
        is_final = bool(codes) and all(code.startswith("5") for code in codes)
        return (REFUSED_FOR_GOOD if is_final else REFUSED_FOR_NOW).format(codes=shown)
    if name == "AnymailRequestsAPIError" and codes:
        by_kind = TOO_MANY_FOR_SERVICE if codes == ["429"] else REFUSED_BY_SERVICE[codes[0][0]]
        return by_kind.format(codes=shown)
    sentence = SENTENCES.get(name)
    if sentence is None:
        return f"The email could not be handed over to the mail server ({error_message})."
    return sentence.format(codes=shown)


def returned(row: EmailReturn) -> str:
    """Return the description of what came back of an email: the outcome, the reason, the code."""
    return " ".join(part for part in (row.outcome, row.reason, row.code) if part)


def suppressed(reason: str) -> str:
    """Return the description of an email that was not sent, as its address gets none."""
    return f"{SUPPRESSED} {reason}"


def _returned_in_words(outcome: str, rest: str) -> str:
    reason, _, code = rest.partition(" ")
    return RETURNED[outcome].format(
        reason=REASONS.get(reason, UNKNOWN_REASON), codes=f" ({code})" if code else ""
    )

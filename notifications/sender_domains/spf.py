"""Whether SPF allows the senders of the settings to send for a domain."""

from collections.abc import Iterable, Sequence
from functools import partial
from ipaddress import ip_address

from notifications.sender_domains.findings import Finding, Level, Record
from notifications.sender_domains.lookup import Lookup
from notifications.sender_domains.services import Sender
from notifications.sender_domains.spf_walk import Walk, records_of, walk_record

SPF = "SPF"
ENDS = {
    "-": "asks other servers to refuse what comes from anywhere else (-all)",
    "~": "asks other servers to suspect what comes from anywhere else (~all)",
}


def check_spf(lookup: Lookup, domain: str, senders: Sequence[Sender]) -> list[Finding]:
    """Return what the SPF record of an envelope's domain says, and what it lacks."""
    answer = lookup.texts(domain)
    finding = partial(Finding, about=SPF, domain=domain)
    if answer.failure:
        text = f"The SPF record of {domain} could not be looked up: {answer.failure}."
        return [finding(Level.UNKNOWN, text=text)]
    records = records_of(answer.values)
    if not records:
        return [_missing(domain, senders)]
    if len(records) > 1:
        text = (
            f"{domain} has {len(records)} SPF records, so that other servers ignore all of them. "
            "Keep one, with what all of them allow."
        )
        return [finding(Level.PROBLEM, text=text, add=Record(domain, "TXT", _merged(records)))]
    walk = walk_record(lookup, domain, records[0])
    if walk.problems:
        # One sentence each, and what else the record says is of no use.
        text = f"Other servers ignore the SPF record of {domain}, “{records[0]}”. "
        text += " ".join(dict.fromkeys(walk.problems))
        return [finding(Level.PROBLEM, text=text)]
    findings = [finding(Level.UNKNOWN, text=text) for text in dict.fromkeys(walk.failures)]
    findings.append(_how_it_ends(domain, records[0], walk))
    if walk.uses_ptr:
        text = f"The SPF record of {domain} uses “ptr”, which many servers ignore: take it out."
        findings.append(finding(Level.ADVICE, text=text))
    return findings + _not_allowed(lookup, domain, records[0], walk, senders)


def _missing(domain: str, senders: Sequence[Sender]) -> Finding:
    mechanisms = [each.mechanism for each in senders if each.mechanism]
    record = " ".join(["v=spf1", *dict.fromkeys(mechanisms or ["mx"]), "~all"])
    # A service's envelope is usually of a domain of its own, where SPF is the service's business.
    is_needed = any(each.service is None for each in senders)
    text = f"{domain} has no SPF record, which says who sends emails for it."
    if not is_needed:
        text += " The services in the settings mostly send without it, with an envelope of theirs."
    level = Level.PROBLEM if is_needed else Level.ADVICE
    return Finding(level, SPF, domain, text, Record(domain, "TXT", record))


def _how_it_ends(domain: str, record: str, walk: Walk) -> Finding:
    said = f"{domain} has the SPF record “{record}”"
    if walk.ends in ENDS:
        text = f"{said}, which {ENDS[walk.ends]}. It needs {walk.lookups} of 10 lookups."
        return Finding(Level.FINE, SPF, domain, text)
    if walk.ends == "+":
        text = f"{said}: “+all” allows anyone to send emails for {domain}. End it with “~all”."
        return Finding(
            Level.PROBLEM, SPF, domain, text, Record(domain, "TXT", _with(record, (), "~all"))
        )
    text = f"{said}, which says nothing about emails from anywhere else. End it with “~all”."
    return Finding(
        Level.ADVICE, SPF, domain, text, Record(domain, "TXT", _with(record, (), "~all"))
    )


def _not_allowed(
    lookup: Lookup, domain: str, record: str, walk: Walk, senders: Iterable[Sender]
) -> list[Finding]:
    """Return the senders that the record does not seem to allow."""
    findings = []
    for sender in senders:
        if not sender.mechanism:
            continue
        if sender.service is not None:
            if sender.service.include in walk.includes:
                continue
            reason = (
                f"does not include {sender.label}. That is right if {sender.label} sends with an "
                "envelope of another domain, as most services do; else add it."
            )
        else:
            addresses = [
                address
                for address in lookup.addresses(sender.host).values
                if ip_address(address).is_global
            ]
            if not addresses or any(walk.allows(address) for address in addresses):
                continue
            reason = (
                f"does not allow {sender.host} ({', '.join(addresses)}). Add it, unless that "
                "server sends from other addresses."
            )
        text = f"The SPF record of {domain} {reason}"
        add = Record(domain, "TXT", _with(record, (sender.mechanism,)))
        findings.append(Finding(Level.ADVICE, SPF, domain, text, add))
    return findings


def _with(record: str, mechanisms: Iterable[str], end: str = "") -> str:
    """Return a record with more mechanisms before its end, and with another end if one is given."""
    first, *terms = record.split()
    last = [term for term in terms if term.lower().lstrip("+-~?") == "all"]
    rest = [term for term in terms if term not in last]
    return " ".join([first, *rest, *mechanisms, *([end] if end else last[:1])])


def _merged(records: Sequence[str]) -> str:
    terms = [term for record in records for term in record.split()[1:]]
    rest = [term for term in terms if term.lower().lstrip("+-~?") != "all"]
    return " ".join(["v=spf1", *dict.fromkeys(rest), "~all"])

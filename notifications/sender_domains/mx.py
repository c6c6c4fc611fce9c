"""Whether emails to a domain arrive: replies, and what comes back."""

from functools import partial

import dns.inet

from notifications.sender_domains.findings import Finding, Level, Record
from notifications.sender_domains.lookup import Lookup

MX = "MX"


def check_mx(lookup: Lookup, domain: str, *, for_bounces: bool) -> list[Finding]:
    """Return what the MX records of a domain say. for_bounces: of BOUNCE_ADDRESS."""
    answer = lookup.mail_servers(domain)
    finding = partial(Finding, about=MX, domain=domain)
    what = "what cannot be delivered does not come back" if for_bounces else "replies are lost"
    if answer.failure:
        text = f"The MX records of {domain} could not be looked up: {answer.failure}."
        return [finding(Level.UNKNOWN, text=text)]
    if answer.values == ("",):
        text = f"The MX record of {domain} says that it takes no emails (“0 .”): {what}, and many "
        return [finding(Level.PROBLEM, text=f"{text}servers refuse emails from it.")]
    if answer.is_missing:
        return [_none(lookup, domain, what)]
    findings = []
    for host in answer.values:
        problem = _problem_of(lookup, host)
        if problem is not None:
            level, words = problem
            findings.append(finding(level, text=f"The MX record of {domain} names {host}, {words}"))
    if not findings:
        hosts = " and ".join(answer.values)
        findings.append(finding(Level.FINE, text=f"Emails to {domain} arrive at {hosts}."))
    return findings


def _none(lookup: Lookup, domain: str, what: str) -> Finding:
    addresses = lookup.addresses(domain)
    if addresses.failure:
        text = f"{domain} has no MX record, and its addresses are not known: {addresses.failure}."
        return Finding(Level.UNKNOWN, MX, domain, text)
    add = Record(domain, "MX", f"10 MAIL-SERVER.{domain}.")
    if addresses.values:
        text = (
            f"{domain} has no MX record, so that emails to it go to its web server's addresses "
            f"({', '.join(addresses.values)}). Name the mail server, or {what}."
        )
        return Finding(Level.ADVICE, MX, domain, text, add)
    text = f"{domain} has no MX record: {what}, and many servers refuse emails from it."
    return Finding(Level.PROBLEM, MX, domain, text, add)


def _problem_of(lookup: Lookup, host: str) -> tuple[Level, str] | None:
    if dns.inet.is_address(host):
        return Level.PROBLEM, "which is an address: it has to be the name of a mail server."
    addresses = lookup.addresses(host)
    if addresses.failure:
        return Level.UNKNOWN, f"whose addresses are not known: {addresses.failure}."
    if addresses.is_missing:
        return Level.PROBLEM, "which has no addresses."
    return None

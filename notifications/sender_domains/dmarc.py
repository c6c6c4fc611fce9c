"""What other servers are asked to do with emails that only pretend to be of a domain (RFC 7489)."""

import re
from dataclasses import dataclass
from functools import cache, partial

from publicsuffixlist import PublicSuffixList

from notifications.sender_domains.findings import Finding, Level, Record
from notifications.sender_domains.lookup import Lookup
from notifications.sender_domains.tags import tags_of

DMARC = "DMARC"
POLICIES = {
    "none": "to deliver them all the same (p=none)",
    "quarantine": "to put them among spam (p=quarantine)",
    "reject": "to refuse them (p=reject)",
}
VERSION = re.compile(r"\s*v\s*=\s*DMARC1\s*(?:;|$)")
URI = re.compile(r"mailto:[^@,;!\s]+@(?P<domain>[^@,;!\s]+)(?:![0-9]+[kmgt]?)?", re.IGNORECASE)
STRICT = "s"


@cache
def _public_suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def organization_of(domain: str) -> str:
    """Return the domain that an organization has registered: example.org of a.b.example.org."""
    return _public_suffixes().privatesuffix(domain) or domain


@dataclass(frozen=True)
class Dmarc:
    """A domain's record. at: the domain that has it, which may be the organization's."""

    at: str
    tags: dict[str, str]

    def is_strict(self, about: str) -> bool:
        """Return whether domains have to be equal. about: dkim or spf."""
        return self.tags.get(f"a{about}", "r").lower() == STRICT

    def policy_for(self, domain: str) -> str:
        own = self.tags.get("p", "").lower()
        return own if domain == self.at else self.tags.get("sp", own).lower()


def check_dmarc(lookup: Lookup, domain: str) -> tuple[Dmarc | None, list[Finding]]:
    """Return the record that counts for a sender's domain, if any, and what is wrong with it."""
    finding = partial(Finding, about=DMARC, domain=domain)
    organization = organization_of(domain)
    for at in dict.fromkeys([domain, organization]):
        answer = lookup.texts(f"_dmarc.{at}")
        if answer.failure:
            text = f"The DMARC record of {at} could not be looked up: {answer.failure}."
            return None, [finding(Level.UNKNOWN, text=text)]
        records = [text for text in answer.values if VERSION.match(text)]
        if len(records) > 1:
            text = f"{at} has {len(records)} DMARC records, so that servers ignore all: keep one."
            return None, [finding(Level.PROBLEM, text=text, add=_proposed(at))]
        if records:
            dmarc = Dmarc(at, tags_of(records[0]))
            return dmarc, _about(lookup, domain, dmarc, records[0])
    text = (
        f"{domain} has no DMARC record"
        f"{f', and {organization} has none, either' if organization != domain else ''}. Large "
        "providers such as Gmail and Yahoo want one of everyone who sends them many emails."
    )
    return None, [finding(Level.PROBLEM, text=text, add=_proposed(organization))]


def _proposed(domain: str) -> Record:
    value = f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"
    return Record(f"_dmarc.{domain}", "TXT", value)


def _about(lookup: Lookup, domain: str, dmarc: Dmarc, record: str) -> list[Finding]:
    finding = partial(Finding, about=DMARC, domain=domain)
    policy = dmarc.policy_for(domain)
    if policy not in POLICIES:
        text = (
            f"The DMARC record of {dmarc.at}, “{record}”, has no policy that there is: p= and sp= "
            "are none, quarantine or reject."
        )
        return [finding(Level.PROBLEM, text=text, add=_proposed(dmarc.at))]
    whose = "" if dmarc.at == domain else f", which counts for {domain}"
    text = (
        f"{dmarc.at} has the DMARC record “{record}”{whose}. It asks other servers, of emails that "
        f"only pretend to be of {domain}, {POLICIES[policy]}."
    )
    if policy != "none":
        findings = [finding(Level.FINE, text=text)]
    else:
        text += " Once the reports show that all of your emails pass, ask for p=quarantine."
        findings = [finding(Level.ADVICE, text=text)]
    if dmarc.tags.get("pct", "100") != "100":
        text = f"The policy of {dmarc.at} is for a part of emails only (pct={dmarc.tags['pct']})."
        findings.append(finding(Level.ADVICE, text=text))
    return findings + _about_reports(lookup, domain, dmarc)


def _about_reports(lookup: Lookup, domain: str, dmarc: Dmarc) -> list[Finding]:
    """Return what is wrong with the addresses that reports go to."""
    finding = partial(Finding, about=DMARC, domain=domain)
    if not dmarc.tags.get("rua"):
        text = (
            f"The DMARC record of {dmarc.at} names no address for reports (rua=), so that you do "
            f"not hear which emails fail. Add rua=mailto:postmaster@{dmarc.at} to it."
        )
        return [finding(Level.ADVICE, text=text)]
    findings = []
    for uri in dmarc.tags["rua"].split(","):
        parts = URI.fullmatch(uri.strip())
        if parts is None:
            text = f"“{uri.strip()}” in rua= of {dmarc.at} is no address like mailto:a@example.org."
            findings.append(finding(Level.PROBLEM, text=text))
            continue
        target = parts["domain"].lower()
        if organization_of(target) == organization_of(dmarc.at):
            continue
        name = f"{dmarc.at}._report._dmarc.{target}"
        answer = lookup.texts(name)
        if answer.failure:
            text = f"Whether {target} takes reports is not known: {answer.failure}."
            findings.append(finding(Level.UNKNOWN, text=text))
        elif not any(VERSION.match(each) for each in answer.values):
            text = f"{target} does not say that it takes reports about {dmarc.at}: none are sent."
            add = Record(name, "TXT", "v=DMARC1")
            findings.append(finding(Level.ADVICE, text=text, add=add))
    return findings

"""All that DNS says of the domains in DEFAULT_FROM_EMAIL and BOUNCE_ADDRESS."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parseaddr

from django.conf import settings

from evently.privacy.addresses import smtp_address
from notifications.providers.registry import providers
from notifications.sender_domains.dkim import DKIM, check_dkim
from notifications.sender_domains.dmarc import Dmarc, check_dmarc, organization_of
from notifications.sender_domains.findings import Finding, Level
from notifications.sender_domains.lookup import Lookup
from notifications.sender_domains.mx import check_mx
from notifications.sender_domains.services import Sender, selectors_of, senders_of
from notifications.sender_domains.spf import SPF, check_spf


@dataclass(frozen=True)
class Domains:
    """sender: of DEFAULT_FROM_EMAIL. envelope: what SPF is about, of BOUNCE_ADDRESS if set."""

    sender: str
    envelope: str


def domains() -> Domains:
    """Return the domains of the settings, in ASCII."""
    sender = _domain_of(parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
    return Domains(sender, _domain_of(settings.BOUNCE_ADDRESS) or sender)


def _domain_of(address: str) -> str:
    return smtp_address(address).rpartition("@")[2].lower().rstrip(".")


def check_domains(lookup: Lookup, chosen: Domains | None = None) -> list[Finding]:
    """Return what is there, missing and wrong, of the sender's domain first."""
    chosen = chosen or domains()
    local = [each for each in dict.fromkeys([chosen.sender, chosen.envelope]) if "." not in each]
    if local:
        text = (
            f"{local[0] or 'The sender'} is no domain that others can look up: set "
            "DEFAULT_FROM_EMAIL to an address of your domain, and BOUNCE_ADDRESS if it is set."
        )
        return [Finding(Level.PROBLEM, "Sender", local[0], text)]
    senders = senders_of(providers())
    findings = check_mx(lookup, chosen.sender, for_bounces=False)
    if chosen.envelope != chosen.sender:
        findings += check_mx(lookup, chosen.envelope, for_bounces=True)
    findings += check_spf(lookup, chosen.envelope, senders)
    dmarc, about_dmarc = check_dmarc(lookup, chosen.sender)
    findings += _keys(lookup, chosen.sender, dmarc, senders)
    findings += about_dmarc
    if not _are_aligned(chosen, dmarc):
        findings.append(_not_aligned(chosen, dmarc))
    return findings


def _keys(
    lookup: Lookup, domain: str, dmarc: Dmarc | None, senders: Sequence[Sender]
) -> list[Finding]:
    """Return what is found of DKIM, at the organization's domain where the sender's has no key."""
    configured = tuple(settings.EMAIL_DKIM_SELECTORS)
    selectors = configured or selectors_of(senders)
    own = check_dkim(lookup, domain, selectors=selectors, are_known=bool(configured))
    organization = organization_of(domain)
    if organization == domain or any(each.level != Level.PROBLEM for each in own):
        return own
    theirs = check_dkim(lookup, organization, selectors=selectors, are_known=bool(configured))
    if all(each.level == Level.PROBLEM for each in theirs):
        return own
    if dmarc is not None and dmarc.is_strict("dkim"):
        text = (
            f"The keys are those of {organization}, and DMARC asks for those of {domain} "
            "(adkim=s): let the provider sign for that domain."
        )
        theirs.append(Finding(Level.PROBLEM, DKIM, domain, text))
    return theirs


def _are_aligned(chosen: Domains, dmarc: Dmarc | None) -> bool:
    """Return whether SPF can show that the sender is who it says."""
    if dmarc is not None and dmarc.is_strict("spf"):
        return chosen.sender == chosen.envelope
    return organization_of(chosen.sender) == organization_of(chosen.envelope)


def _not_aligned(chosen: Domains, dmarc: Dmarc | None) -> Finding:
    why = "aspf=s asks for the same domain" if dmarc and dmarc.is_strict("spf") else "it is another"
    text = (
        f"SPF of {chosen.envelope}, the domain of BOUNCE_ADDRESS, says nothing for DMARC about "
        f"{chosen.sender} ({why}): there, everything depends on DKIM. Better take a bounce address "
        f"of {chosen.sender}."
    )
    return Finding(Level.ADVICE, SPF, chosen.envelope, text)

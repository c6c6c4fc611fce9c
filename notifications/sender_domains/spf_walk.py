"""SPF records, read with all that they include (RFC 7208)."""

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from notifications.sender_domains.lookup import Lookup

VERSION = re.compile(r"v=spf1(?: |$)", re.IGNORECASE)
TERM = re.compile(
    r"(?P<qualifier>[-+~?]?)(?P<name>all|include|a|mx|ptr|ip4|ip6|exists)"
    r"(?::(?P<value>[^/\s]+))?(?P<length>(?:/\d{1,3})?(?://\d{1,3})?)",
    re.IGNORECASE,
)
MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9_.-]*)=(?P<value>\S*)", re.IGNORECASE)
MOST_LOOKUPS, MOST_VOID_LOOKUPS, MOST_MAIL_SERVERS = 10, 2, 10
# No record is followed any further: it is far beyond the limit.
MOST_FOLLOWED = 40
NEEDS_VALUE = {"include", "exists", "ip4", "ip6"}
Network = IPv4Network | IPv6Network


@dataclass
class Walk:
    """What a record comes to.

    ends: the qualifier of its `all`, "" without one. problems: for which servers ignore it, as
    sentences. failures: what is not known, as sentences. uses_ptr: whether it has `ptr`.
    """

    lookups: int = 0
    void_lookups: int = 0
    ends: str = ""
    includes: set[str] = field(default_factory=set)
    networks: list[Network] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    uses_ptr: bool = False

    def allows(self, address: str) -> bool:
        """Return whether the record allows an address, as far as it can be followed."""
        return any(ip_address(address) in network for network in self.networks)


def records_of(texts: tuple[str, ...]) -> list[str]:
    """Return those TXT records that are SPF's."""
    return [text for text in texts if VERSION.match(text)]


def walk_record(lookup: Lookup, domain: str, record: str) -> Walk:
    """Return what a domain's record comes to, with all that it includes."""
    walk = Walk()
    walk.ends = _follow(lookup, domain, record, walk, (domain,), allowing=True)
    if walk.lookups > MOST_LOOKUPS:
        number = f"more than {MOST_FOLLOWED}" if walk.lookups > MOST_FOLLOWED else walk.lookups
        walk.problems.append(
            f"It needs {number} lookups in DNS, and {MOST_LOOKUPS} are allowed: take out what no "
            "longer sends, or put addresses in the place of an include."
        )
    if walk.void_lookups > MOST_VOID_LOOKUPS:
        walk.problems.append(
            f"{walk.void_lookups} of its names have no addresses or records, and "
            f"{MOST_VOID_LOOKUPS} are allowed: take them out."
        )
    return walk


def _follow(
    lookup: Lookup, domain: str, record: str, walk: Walk, trail: tuple[str, ...], *, allowing: bool
) -> str:
    """Follow the terms of a record; return how it ends.

    trail: the domains that led here. allowing: whether what this one allows is allowed.
    """
    redirect = ""
    for term in record.split()[1:]:
        if walk.lookups > MOST_FOLLOWED:
            return ""
        mechanism, modifier = TERM.fullmatch(term), MODIFIER.fullmatch(term)
        if mechanism is not None:
            qualifier, name = mechanism["qualifier"] or "+", mechanism["name"].lower()
            if name == "all":
                return qualifier
            passes = allowing and qualifier == "+"
            _take(lookup, domain, mechanism, walk, trail, allowing=passes)
        elif modifier is not None:
            redirect = modifier["value"] if modifier["name"].lower() == "redirect" else redirect
        else:
            walk.problems.append(f"“{term}” in the record of {domain} is nothing that SPF knows.")
    if not redirect:
        return ""
    walk.lookups += 1
    return _descend(lookup, redirect, walk, trail, allowing=allowing)


def _take(
    lookup: Lookup,
    domain: str,
    mechanism: re.Match[str],
    walk: Walk,
    trail: tuple[str, ...],
    *,
    allowing: bool,
) -> None:
    name, value = mechanism["name"].lower(), mechanism["value"] or ""
    if name in NEEDS_VALUE and not value:
        walk.problems.append(f"“{mechanism[0]}” in the record of {domain} names nothing.")
        return
    if name in {"ip4", "ip6"}:
        length = mechanism["length"] if name == "ip4" else mechanism["length"].replace("/", "//")
        _add_networks(walk, [value], length, domain, allowing=allowing)
        return
    walk.lookups += 1
    if name == "include":
        walk.includes.add(value.lower().rstrip("."))
        _descend(lookup, value, walk, trail, allowing=allowing)
    elif name == "ptr":
        walk.uses_ptr = True
    elif "%" not in value:
        _add_hosts(lookup, name, value or domain, mechanism["length"], walk, allowing=allowing)


def _descend(
    lookup: Lookup, target: str, walk: Walk, trail: tuple[str, ...], *, allowing: bool
) -> str:
    """Follow the record of another domain; return how it ends."""
    target = target.lower().rstrip(".")
    if "%" in target:
        return ""  # known only with an email at hand
    if target in trail:
        walk.problems.append(f"{target} includes itself.")
        return ""
    answer = lookup.texts(target)
    if answer.failure:
        walk.failures.append(f"The SPF record of {target} is not known: {answer.failure}.")
        return ""
    found = records_of(answer.values)
    if len(found) != 1:
        number = "no SPF record" if not found else f"{len(found)} SPF records"
        walk.problems.append(f"It includes {target}, which has {number}.")
        return ""
    return _follow(lookup, target, found[0], walk, (*trail, target), allowing=allowing)


def _add_hosts(
    lookup: Lookup, name: str, host: str, length: str, walk: Walk, *, allowing: bool
) -> None:
    """Add the addresses that `a`, `mx` or `exists` stands for."""
    hosts: tuple[str, ...] = (host,)
    if name == "mx":
        answer = lookup.mail_servers(host)
        hosts = answer.values
        if answer.failure:
            walk.failures.append(f"The MX records of {host} are not known: {answer.failure}.")
            return
        if len(hosts) > MOST_MAIL_SERVERS:
            walk.problems.append(
                f"{host} has {len(hosts)} MX records, and “mx” may stand for {MOST_MAIL_SERVERS}."
            )
    answers = [lookup.addresses(each) for each in hosts[:MOST_MAIL_SERVERS] if each]
    walk.failures += [
        f"The addresses of {each} are not known: {answer.failure}."
        for each, answer in zip(hosts, answers, strict=False)
        if answer.failure
    ]
    if all(answer.is_missing for answer in answers):
        walk.void_lookups += 1
    if name != "exists":
        found = [address for answer in answers for address in answer.values]
        _add_networks(walk, found, length, host, allowing=allowing)


def _add_networks(
    walk: Walk, addresses: list[str], length: str, domain: str, *, allowing: bool
) -> None:
    """Add networks. length: /24 for IPv4, //64 for IPv6, or both."""
    old, _, new = length.partition("//")
    for address in addresses:
        try:
            is_new = ip_address(address).version == 6
            prefix = (f"/{new}" if new else "") if is_new else old
            network = ip_network(f"{address}{prefix}", strict=False)
        except ValueError:
            walk.problems.append(f"“{address}{length}” in the record of {domain} is no network.")
            continue
        if allowing:
            walk.networks.append(network)

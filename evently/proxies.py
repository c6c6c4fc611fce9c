"""Proxies in front of Evently: which of them are trusted, and what their headers say.

Any client can send X-Forwarded-For and X-Forwarded-Proto. A proxy appends to the first (or replaces
it), so only the entries on the right, written by trusted proxies, are true.
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

# More entries than this are not looked at: a header may hold thousands.
MOST_HOPS = 16
UNIX = "unix"
# Not Python's is_private, which includes the addresses of examples and tests.
LOCAL_NETWORKS = tuple(
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
        *("fc00::/7", "fe80::/10"),
    )
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@lru_cache(maxsize=1024)
def parse_address(text: str) -> Address | None:
    """Return the IP address in an entry such as 192.0.2.1:443, [2001:db8::1]:443 or fe80::1%eth0.

    None for anything else. An IPv4 address inside IPv6 becomes IPv4.
    """
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def is_loopback(text: str) -> bool:
    """Return whether a peer's address is this machine."""
    address = parse_address(text)
    return address is not None and address.is_loopback


def is_local_network(text: str) -> bool:
    """Return whether a peer's address is this machine or in its local network."""
    address = parse_address(text)
    return address is not None and (
        address.is_loopback or any(address in network for network in LOCAL_NETWORKS)
    )


@dataclass(frozen=True)
class Forwarded:
    """What trusted proxies say about a request.

    client: None if unknown, as on a Unix socket. hops: how many trusted proxies it passed.
    """

    client: Address | None
    hops: int


@dataclass(frozen=True)
class TrustedProxies:
    """The proxies of TRUSTED_PROXIES: a number of them, or their networks.

    count: that many, the nearest of them on this machine, in the local network or on a Unix socket.
    unix: every client of the Unix socket is a proxy.
    """

    count: int = 0
    networks: tuple[Network, ...] = ()
    unix: bool = False

    def __bool__(self) -> bool:
        return bool(self.count or self.networks or self.unix)

    def trusts(self, peer: str) -> bool:
        """Return whether the peer of a connection is a proxy; "" is a Unix socket."""
        if not peer:
            return self.unix or self.count > 0
        if self.count:
            return is_local_network(peer)
        return self._contains(parse_address(peer))

    def _contains(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.networks)

    def read(self, *, peer: str, forwarded_for: str) -> Forwarded:
        """Return the client that the trusted proxies name, reading X-Forwarded-For from the right.

        At an entry that is not an address, the proxy that sent it counts as the client.
        """
        client, hops = parse_address(peer), 0
        if not self.trusts(peer):
            return Forwarded(client, hops)
        for entry in reversed(forwarded_for.rsplit(",", MOST_HOPS)[-MOST_HOPS:]):
            hops += 1
            address = parse_address(entry)
            if address is None:
                break
            client = address
            if hops == self.count or (not self.count and not self._contains(address)):
                break
        return Forwarded(client, hops)


def parse(text: str) -> TrustedProxies:
    """Return the proxies of a TRUSTED_PROXIES. Raises ValueError, with the entry that is wrong."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) == 1 and parts[0].isdigit():
        count = int(parts[0])
        if count > MOST_HOPS:
            raise ValueError(parts[0])
        return TrustedProxies(count=count)
    networks = []
    for part in parts:
        if part.lower() == UNIX:
            continue
        try:
            networks.append(ip_network(part.strip("[]"), strict=False))
        except ValueError as error:
            raise ValueError(part) from error
        if networks[-1].prefixlen == 0:
            raise ValueError(part)
    return TrustedProxies(
        networks=tuple(networks), unix=any(part.lower() == UNIX for part in parts)
    )


def scheme_of(forwarded_proto: str, *, hops: int) -> str:
    """Return http or https as the outermost trusted proxy saw it; "" where it said neither."""
    entries = [part.strip().lower() for part in forwarded_proto.rsplit(",", MOST_HOPS)]
    entry = entries[-min(hops, len(entries))] if hops else ""
    return entry if entry in {"http", "https"} else ""

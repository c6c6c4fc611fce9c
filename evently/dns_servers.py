"""The address of a DNS server, as settings and options have it."""

from ipaddress import ip_address
from urllib.parse import urlsplit

PORT = 53


def server_of(text: str) -> tuple[str, int]:
    """Return address and port of 192.0.2.53, 192.0.2.53:5353, ::1 or [::1]:5353.

    Raises ValueError, with the rest of a sentence.
    """
    try:
        return str(ip_address(text)), PORT
    except ValueError:
        pass
    try:
        parts = urlsplit(f"//{text}")
        return str(ip_address(parts.hostname or "")), parts.port or PORT
    except ValueError as error:
        raise ValueError(
            "must be the address of a DNS server, like 192.0.2.53 or 192.0.2.53:5353"
        ) from error

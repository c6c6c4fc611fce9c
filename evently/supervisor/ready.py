"""Ask the web server whether it is ready."""

import http.client
from urllib.parse import urlsplit


def answers_ready(address: str, public_url: str) -> bool:
    """Return whether /readyz answers 200.

    address: what the web server listens on; public_url: its host name is sent as Host.
    """
    host, port = address.rsplit(":", 1)
    host = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host)  # noqa: S104 - not binding
    connection = http.client.HTTPConnection(host, int(port), timeout=3)
    try:
        connection.request("GET", "/readyz", headers={"Host": urlsplit(public_url).netloc})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

"""EMAIL_WEBHOOK_KEYS: by which key each email service's reports are known to be its own."""

import re

from evently.email_providers import KINDS, SMTP

# They sign nothing: their address in the service's settings has a user and a password.
WITH_PASSWORD = frozenset({"brevo", "mailjet", "postmark", "sparkpost"})
# Scaleway reports to a queue of its own.
SERVICES = frozenset(KINDS) - {SMTP, "scaleway"}
SHORTEST_KEY = 16


def parse(text: str) -> dict[str, str]:
    """Return the keys of an EMAIL_WEBHOOK_KEYS, by service.

    Raises ValueError, with what is wrong as the rest of a sentence, and without secrets.
    """
    keys: dict[str, str] = {}
    for part in filter(None, re.split(r"[,\s]+", text)):
        name, _, key = part.partition("=")
        if name not in SERVICES:
            raise ValueError(
                f"must look like mailgun=KEY,postmark=user:password, with services among "
                f"{', '.join(sorted(SERVICES))}"
            )
        if name in keys:
            raise ValueError(f"names {name} twice")
        secret = key
        if name in WITH_PASSWORD:
            user, _, secret = key.partition(":")
            if not user or not secret:
                raise ValueError(f"must give {name} a user and a password: {name}=user:password")
        if len(secret) < SHORTEST_KEY:
            raise ValueError(f"has a key of {name} with fewer than {SHORTEST_KEY} characters")
        keys[name] = key
    return keys

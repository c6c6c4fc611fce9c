"""Who delivers emails: the providers that EMAIL_URL or EMAIL_PROVIDERS name, in their order.

A provider is a URL: a mail server, `smtp+tls://user:password@mail.example.org:587`, or a service by
its interface, `sendgrid://?api_key=…` (`KINDS`; django-anymail talks to it). `backup=smtp+tls://…`
gives it a label, which tells two of a kind apart. `?per_second=…&per_day=…` limits it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

MOST_PROVIDERS = 5
MOST_PER_SECOND, MOST_PER_DAY = 10_000, 1_000_000_000
SMTP = "smtp"
# As django-environ reads EMAIL_URL: smtps is STARTTLS, too. With the usual ports.
SMTP_SCHEMES: dict[str, tuple[int, dict[str, bool]]] = {
    "smtp": (25, {}),
    "smtp+tls": (587, {"use_tls": True}),
    "smtps": (587, {"use_tls": True}),
    "smtp+ssl": (465, {"use_ssl": True}),
}
LABEL = r"[a-z0-9][a-z0-9_-]{0,29}"
# A password may have commas: what follows one has to look like a provider.
SEPARATOR = re.compile(rf"[,\s]+(?=(?:{LABEL}=)?[a-z][a-z0-9+-]*://)")
ENTRY = re.compile(rf"(?:(?P<label>{LABEL})=)?(?P<url>[A-Za-z][A-Za-z0-9+-]*://\S*)")
EXAMPLE = (
    "smtp+tls://user:password@mail.example.org:587 (or smtp+ssl://, smtp://; special characters in "
    "the password percent-encoded)"
)


@dataclass(frozen=True)
class Kind:
    """A kind of provider, with the options that anymail has for it.

    Their names are those of anymail's settings, such as `api_key` for SENDGRID_API_KEY.
    """

    label: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


# Amazon SES is reached by SMTP: anymail needs boto3 for its interface.
KINDS = {
    SMTP: Kind("SMTP"),
    "brevo": Kind("Brevo", ("api_key",)),
    "mailersend": Kind("MailerSend", ("api_token",)),
    "mailgun": Kind("Mailgun", ("api_key",), ("sender_domain",)),
    "mailjet": Kind("Mailjet", ("api_key", "secret_key")),
    "mailtrap": Kind("Mailtrap", ("api_token",)),
    "mandrill": Kind("Mandrill", ("api_key",)),
    "postal": Kind("Postal", ("api_key", "api_url")),
    "postmark": Kind("Postmark", ("server_token",), ("message_stream",)),
    "resend": Kind("Resend", ("api_key",)),
    "scaleway": Kind("Scaleway", ("secret_key", "project_id"), ("region",)),
    "sendgrid": Kind("SendGrid", ("api_key",)),
    "sparkpost": Kind("SparkPost", ("api_key",), ("subaccount",)),
    "unisender-go": Kind("Unisender Go", ("api_key", "api_url")),
}
COMMON_OPTIONS = ("api_url", "ignore_unsupported_features")
LIMITS = {"per_second": MOST_PER_SECOND, "per_day": MOST_PER_DAY}
# As the column `email_delivery_log.provider` has it.
NAME_PATTERN = rf"^({'|'.join(sorted(KINDS))})(:{LABEL})?$"


@dataclass(frozen=True)
class Provider:
    """One provider, as the settings have it.

    label: "" where it is the only one of its kind. options: those of its email backend. per_second,
    per_day: how many emails it may get; None for any number.
    """

    kind: str = SMTP
    label: str = ""
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    per_second: int | None = None
    per_day: int | None = None

    @property
    def name(self) -> str:
        """Return the name by which the delivery log and metrics know it, as `smtp:backup`."""
        return f"{self.kind}:{self.label}" if self.label else self.kind

    @property
    def is_smtp(self) -> bool:
        return self.kind == SMTP


def name_in_words(name: str) -> str:
    """Return how pages call a provider: `SMTP (backup)` for `smtp:backup`."""
    kind, _, label = name.partition(":")
    words = KINDS[kind].label if kind in KINDS else kind
    return f"{words} ({label})" if label else words


def parse(text: str) -> tuple[Provider, ...]:
    """Return the providers of an EMAIL_PROVIDERS, in their order.

    Raises ValueError, with what is wrong as the rest of a sentence, and without secrets.
    """
    providers = [_parse_entry(part) for part in SEPARATOR.split(text.strip(" ,\n\t"))]
    if len(providers) > MOST_PROVIDERS:
        raise ValueError(f"names {len(providers)} providers; at most {MOST_PROVIDERS} are tried")
    for provider in providers:
        if sum(1 for each in providers if each.name == provider.name) > 1:
            raise ValueError(
                f"names {provider.name!r} twice; tell them apart by labels, such as "
                f"main={provider.kind}…,backup={provider.kind}…"
            )
    return tuple(providers)


def urls_in(text: str) -> list[str]:
    """Return the URLs of an EMAIL_PROVIDERS, whether it is right or not."""
    return [
        found["url"]
        for part in SEPARATOR.split(text.strip())
        if (found := ENTRY.fullmatch(part)) is not None
    ]


def parse_one(url: str) -> Provider:
    """Return the provider of an EMAIL_URL, which has no label. Raises ValueError, as `parse`."""
    return _parse_url(url, label="", is_strict=False)


def _parse_entry(text: str) -> Provider:
    found = ENTRY.fullmatch(text)
    if found is None:
        raise ValueError(
            "must name providers separated by commas, each a URL with or without a label, for "
            "example backup=smtp+tls://user:password@mail.example.org:587; a label is lower-case "
            "letters, digits, - and _"
        )
    return _parse_url(found["url"], label=found["label"] or "", is_strict=True)


def _parse_url(text: str, *, label: str, is_strict: bool) -> Provider:
    """is_strict: an SMTP URL may have no other options; EMAIL_URL always ignored them."""
    parts = _parts_of(text)
    if parts is None:
        raise ValueError(f"must look like {EXAMPLE}")
    # A plus sign is itself: keys may have some, and no option has spaces.
    query = parts.query.replace("+", "%2B")
    given = dict(parse_qsl(query, keep_blank_values=True))
    limits = _limits_in(given)
    if parts.scheme in SMTP_SCHEMES:
        if is_strict:
            _refuse_others(given, kind=SMTP, known=())
        return Provider(SMTP, label, _smtp_options(parts), **limits)
    if parts.scheme not in KINDS:
        raise ValueError(
            f"has a provider of the unknown kind {parts.scheme!r}; known are "
            f"{', '.join([*SMTP_SCHEMES, *(kind for kind in KINDS if kind != SMTP)])}"
        )
    return Provider(parts.scheme, label, _service_options(parts, given), **limits)


def _parts_of(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    return None if port == 0 or " " in text or not text.isprintable() else parts


def _limits_in(given: dict[str, str]) -> dict[str, int | None]:
    """Take the limits out of the options of a URL."""
    limits: dict[str, int | None] = {}
    for name, most in LIMITS.items():
        text = given.pop(name, None)
        limits[name] = int(text) if text is not None and text.isdecimal() else None
        if text is not None and not 1 <= (limits[name] or 0) <= most:
            raise ValueError(f"has a provider whose {name} is no whole number from 1 to {most:,}")
    return limits


def _smtp_options(parts: SplitResult) -> dict[str, Any]:
    if not parts.hostname or parts.path.strip("/"):
        raise ValueError(f"must look like {EXAMPLE}")
    port, encryption = SMTP_SCHEMES[parts.scheme]
    return {
        "host": parts.hostname,
        "port": parts.port or port,
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        **encryption,
    }


def _service_options(parts: SplitResult, given: dict[str, str]) -> dict[str, Any]:
    kind = KINDS[parts.scheme]
    if parts.netloc or parts.path.strip("/"):
        raise ValueError(
            f"must give {parts.scheme} its options after a question mark: "
            f"{parts.scheme}://?{'&'.join(f'{name}=…' for name in kind.required)}"
        )
    _refuse_others(
        given, kind=parts.scheme, known=(*kind.required, *kind.optional, *COMMON_OPTIONS)
    )
    for name in kind.required:
        if not given.get(name):
            raise ValueError(f"lacks {name} of {parts.scheme}: {parts.scheme}://?{name}=…")
    url = given.get("api_url", "https://")
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"has an api_url of {parts.scheme} that is no URL")
    # What a service cannot do, such as images within an email, must not keep the email back.
    lenient = given.pop("ignore_unsupported_features", "true").lower() in {"true", "yes", "on", "1"}
    return {**given, "ignore_unsupported_features": lenient}


def _refuse_others(given: Iterable[str], *, kind: str, known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise ValueError(
                f"has the unknown option {name!r} of {kind}; known are "
                f"{', '.join([*known, *LIMITS])}"
            )

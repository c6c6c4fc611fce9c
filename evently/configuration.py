"""Checks of the environment before anything starts: every fault in one sentence, all at once."""

import difflib
import os
from collections.abc import Iterator, Mapping, Set
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

from evently import email_providers, proxies, variable_checks
from evently.environment import DOTENV, is_true
from evently.formatting import as_list
from evently.variables import NAMES, REMOVED, VARIABLES

# How alike a name must be to one of ours to be taken for a typing error.
ALIKE = 0.84
PREFIX = "EVENTLY_"
# Of names that only a local network knows.
LOCAL_SUFFIXES = (".local", ".lan", ".home", ".internal")


def insist() -> None:
    """Raise ImproperlyConfigured, with one line for each fault of the environment."""
    found = faults(os.environ)
    if found:
        raise ImproperlyConfigured("\n".join(found))


def faults(environment: Mapping[str, str]) -> list[str]:
    """Return the faults of an environment; [] where Evently can start."""
    given = {name: value for name, value in environment.items() if value}
    found = [*_invalid(given), *_removed(given), *_misspelled(given)]
    wrong = {fault.split(" ", 1)[0] for fault in found}
    if is_true(given.get("DEBUG"), default=True):
        found += _production_in_development(given)
    else:
        found += _missing(given)
    return [*found, *_contradictions(given, wrong=wrong)]


def _invalid(given: Mapping[str, str]) -> Iterator[str]:
    for variable in VARIABLES:
        if (value := given.get(variable.name)) and (fault := variable.check(value)):
            yield f"{variable.name} {fault}."


def _removed(given: Mapping[str, str]) -> Iterator[str]:
    for name, sentence in REMOVED.items():
        if is_true(given.get(name), default=False) or (
            name in given and given[name].strip().lower() not in variable_checks.FALSE
        ):
            yield f"{name} {sentence}."


def _missing(given: Mapping[str, str]) -> Iterator[str]:
    for variable in VARIABLES:
        if variable.required and not given.keys() & {variable.name, variable.instead}:
            yield (
                f"{variable.name} is not set. Set it in the environment or in .env to "
                f"{variable.required}"
            )


def _misspelled(given: Mapping[str, str]) -> Iterator[str]:
    """Yield a fault for each name that looks like one of ours, but is not.

    Names of the environment only with our prefix: other programs have their variables there, too.
    """
    known = NAMES | REMOVED.keys()
    ours = {name for name, value in given.items() if _has_prefix(name, value)}
    for name in sorted((ours | names_in_dotenv()) - known):
        meant = name.removeprefix(PREFIX)
        if meant not in known:
            alike = difflib.get_close_matches(name, NAMES, n=1, cutoff=ALIKE)
            prefixed = difflib.get_close_matches(PREFIX + name, NAMES, n=1, cutoff=ALIKE)
            meant = next(iter([*alike, *prefixed]), "")
        if meant:
            yield f"{name} is not a variable of Evently. Did you mean {meant}?"


def _has_prefix(name: str, value: str) -> bool:
    # Kubernetes and Docker make up EVENTLY_PORT=tcp://… for a service with this name.
    return name.startswith(PREFIX) and not value.startswith("tcp://")


def names_in_dotenv(path: Path = DOTENV) -> set[str]:
    """Return the names that the file .env sets; an empty set without one."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    parts = [line.removeprefix("export ").partition("=") for line in lines]
    return {name for name, equals, value in parts if equals and value and name.isidentifier()}


# ── Contradictions ──────────────────────────────────────────────────────────
def _contradictions(given: Mapping[str, str], *, wrong: Set[str]) -> Iterator[str]:
    """Yield faults of several variables together, unless one of them is wrong by itself."""
    for variable in VARIABLES:
        if variable.instead and {variable.name, variable.instead} <= given.keys():
            yield (
                f"{variable.instead} and {variable.name} are both set. Set one of them: "
                f"{variable.instead} may name the same provider."
            )
    if {"DATABASE_OWNER_URL"} <= given.keys() - wrong and "DATABASE_URL" not in given:
        yield "DATABASE_OWNER_URL is set without DATABASE_URL. Set both, or neither."
    for name in ("ANALYTICS_DATABASE_URL", "REPORTING_DATABASE_URL"):
        if name in given and "DATABASE_URL" not in given:
            yield (
                f"{name} is set without DATABASE_URL. Set it only to a replica of the database "
                "that DATABASE_URL names."
            )
    if is_true(given.get("SECURE_HSTS_PRELOAD"), default=False) and not is_true(
        given.get("SECURE_HSTS_INCLUDE_SUBDOMAINS"), default=False
    ):
        yield (
            "SECURE_HSTS_PRELOAD needs SECURE_HSTS_INCLUDE_SUBDOMAINS=true: browsers preload whole "
            "domains only."
        )
    production = not is_true(given.get("DEBUG"), default=True)
    if production and wrong.isdisjoint({"BIND", "TRUSTED_PROXIES", "TRUST_PROXY"}):
        yield from _missing_proxies(given)


def _missing_proxies(given: Mapping[str, str]) -> Iterator[str]:
    trusted = proxies.parse(given.get("TRUSTED_PROXIES", ""))
    if given.get("BIND", "").startswith("unix:") and not trusted.trusts(""):
        yield (
            "BIND is a Unix socket, so that all requests come from a proxy. Set "
            "TRUSTED_PROXIES=unix."
        )
    elif given.get("PUBLIC_URL", "").startswith("https:") and not trusted:
        yield (
            "TRUSTED_PROXIES is not set, but PUBLIC_URL begins with https, so that requests come "
            "from a proxy. Set it to the proxy's address (a proxy on this machine: "
            "TRUSTED_PROXIES=127.0.0.1,::1) or to the number of proxies."
        )


# ── Development ─────────────────────────────────────────────────────────────
def _production_in_development(given: Mapping[str, str]) -> Iterator[str]:
    """Yield the fault of an environment that is production's, apart from DEBUG."""
    allowed = set(variable_checks.split(given.get("DEVELOPMENT_ALLOWS", "")))
    facts = [fact for fact in production_facts(given) if fact[0] not in allowed or not fact[2]]
    if not facts:
        return
    names = {name for name, _, _ in facts}
    never = {name for name, _, allowable in facts if not allowable}
    ways = [f"no {name}" for name in sorted(never)]
    if allowable := names - never:
        ways.append(f"DEVELOPMENT_ALLOWS={','.join(sorted(allowed | allowable))}")
    yield (
        f"DEBUG is not false, but {as_list([text for _, text, _ in facts])}: this looks like "
        "production, and development mode has public logins and an open mailbox. Set DEBUG=false; "
        f"or, to develop on this machine, set {as_list(ways)}."
    )


def production_facts(given: Mapping[str, str]) -> Iterator[tuple[str, str, bool]]:
    """Yield what says production: the variable, a clause, and whether it can be allowed."""
    yield from _public_facts(given)
    if given.get("DATABASE_URL") or given.get("DATABASE_OWNER_URL"):
        yield "DATABASE_URL", "DATABASE_URL names a database of your own", True
    if given.get("REDIS_URL"):
        yield "REDIS_URL", "REDIS_URL names a server of your own", True
    if _sends_email(given.get("EMAIL_URL", "")):
        yield "EMAIL_URL", "EMAIL_URL names a mail server", True
    if _sends_email(*email_providers.urls_in(given.get("EMAIL_PROVIDERS", ""))):
        yield "EMAIL_PROVIDERS", "EMAIL_PROVIDERS names mail servers", True
    for name in ("SECRET_KEY", "EVENTLY_DIGEST_KEY", "EVENTLY_PII_KEYS", "METRICS_TOKEN"):
        if given.get(name):
            yield name, f"{name} is set", True


def _public_facts(given: Mapping[str, str]) -> Iterator[tuple[str, str, bool]]:
    """Yield what says that others can reach the site."""
    url = _url_of(given)
    host = url.hostname if url else ""
    if url and url.scheme == "https":
        yield "PUBLIC_URL", "PUBLIC_URL begins with https", False
    elif host and not is_this_machine(host):
        yield "PUBLIC_URL", f"PUBLIC_URL names {host}", _is_nearby(host)
    for name in ("TRUSTED_PROXIES", "TRUST_PROXY", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS"):
        if given.get(name, "").strip().lower() not in {"", *variable_checks.FALSE}:
            yield name, f"{name} is set", False
    bind = given.get("BIND", "")
    if bind and not is_this_machine(bind.strip("[]")):
        yield "BIND", "BIND reaches beyond this machine", not bind.startswith("unix:")
    hosts = [name for name in variable_checks.split(given.get("ALLOWED_HOSTS", "")) if name != "*"]
    if any(not is_this_machine(name.strip(".[]")) for name in hosts):
        yield "ALLOWED_HOSTS", "ALLOWED_HOSTS is set", True


def _url_of(given: Mapping[str, str]) -> SplitResult | None:
    try:
        return urlsplit(given.get("PUBLIC_URL", ""))
    except ValueError:
        return None


def is_this_machine(host: str) -> bool:
    """Return whether a host name or address is this machine's own."""
    host = host.lower().rstrip(".")
    return host == "localhost" or host.endswith(".localhost") or proxies.is_loopback(host)


def _is_nearby(host: str) -> bool:
    """Return whether a host is in the local network: its address, or a name without a domain."""
    try:
        ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(LOCAL_SUFFIXES)
    return proxies.is_local_network(host)


def _sends_email(*texts: str) -> bool:
    for text in texts:
        try:
            url = urlsplit(text)
        except ValueError:
            continue
        if url.scheme in variable_checks.EMAIL_SCHEMES and not is_this_machine(_host_of(url)):
            return True
    return False


def _host_of(url: SplitResult) -> str:
    """Return the host that emails are handed over to; "" for the one that a service has."""
    given = dict(parse_qsl(url.query)).get("api_url", "")
    return urlsplit(given).hostname or url.hostname or ""

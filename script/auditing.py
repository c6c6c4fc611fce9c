"""Look up the locked packages among known vulnerabilities, with pip-audit.

    python script/auditing.py [--osv-url URL]

pip-audit leaves out what a service does not know, and passes. Here that counts as a failure where
the service answers at all, and as EX_TEMPFAIL, "nothing was looked up", where none does.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
# A release with known vulnerabilities: mirrors of PyPI often answer without knowing any.
PYPI_PROBE = "https://pypi.org/pypi/django/4.2.1/json"
OSV_URL = "https://api.osv.dev/v1/query"
OSV_PROBE = {"package": {"name": "django", "ecosystem": "PyPI"}, "version": "4.2.1"}
PROBE_SECONDS = 5
REQUEST_SECONDS = 10
WHOLE_SECONDS = 180
NOTHING_LOOKED_UP = os.EX_TEMPFAIL
# How pip-audit says that a service broke off.
OUTAGE = re.compile(r"ConnectionError|ServiceError|[Cc]ould not connect|[Tt]ime(d )?out")
NO_SERVICE = (
    "Skipped: no service of known vulnerabilities answers from here (PyPI, OSV), so the packages "
    "were not looked up."
)


def knows(key: str, method: str, url: str, **options: Any) -> bool:
    """Return whether a service knows vulnerabilities: under a key of the document it answers."""
    try:
        response = requests.request(method, url, timeout=PROBE_SECONDS, **options)
        return response.ok and bool(response.json().get(key))
    except (requests.RequestException, ValueError, AttributeError):
        return False


def service(osv_url: str) -> list[str] | None:
    """Return pip-audit's arguments for a service that knows vulnerabilities; None: none answers.

    osv_url: of a copy of OSV, to be asked instead of all others; "" for the public services.
    """
    if not osv_url and knows("vulnerabilities", "GET", PYPI_PROBE):
        return ["--vulnerability-service", "pypi"]
    if knows("vulns", "POST", osv_url or OSV_URL, json=OSV_PROBE):
        return ["--vulnerability-service", "osv", "--osv-url", osv_url or OSV_URL]
    return None


def audit(arguments: list[str]) -> list[dict[str, Any]]:
    """Return what pip-audit found: name, version and vulns of each package, or skip_reason.

    Raises RuntimeError with its message where it failed, TimeoutExpired.
    """
    locks = [argument for lock in LOCKS for argument in ("--requirement", lock)]
    command = [
        *(sys.executable, "-m", "pip_audit", *locks, "--disable-pip", "--format", "json"),
        *("--progress-spinner", "off", "--timeout", str(REQUEST_SECONDS), *arguments),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=WHOLE_SECONDS
    )
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError) as error:
        raise RuntimeError(done.stderr.strip()) from error
    return found


def judge(found: list[dict[str, Any]]) -> list[str]:
    """Return a line for each vulnerability, and for each package that was not looked up."""
    lines = []
    for package in found:
        if reason := package.get("skip_reason"):
            lines.append(f"{package['name']}: not looked up. {reason}")
        for one in package.get("vulns", []):
            fixed = ", ".join(one["fix_versions"]) or "no version yet"
            names = ", ".join([one["id"], *one["aliases"]])
            lines.append(f"{package['name']} {package['version']}: {names}; fixed in {fixed}")
    return sorted(set(lines))


def main(arguments: list[str]) -> int:
    """Return the exit status; see script/audit."""
    parser = argparse.ArgumentParser(prog="script/audit")
    parser.add_argument("--osv-url", default="", metavar="URL", help="a copy of OSV's API")
    chosen = service(parser.parse_args(arguments).osv_url)
    if chosen is None:
        print(NO_SERVICE)
        return NOTHING_LOOKED_UP
    try:
        found = audit(chosen)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        is_network = isinstance(error, subprocess.TimeoutExpired) or OUTAGE.search(str(error))
        print(f"{'Skipped: t' if is_network else 'T'}he packages could not be looked up.\n{error}")
        return NOTHING_LOOKED_UP if is_network else 1
    if not found:
        print("pip-audit found no packages in the lock files.")
        return 1
    lines = judge(found)
    packages = {package["name"] for package in found}
    print("\n".join(lines) or f"{len(packages)} packages, none known to be vulnerable.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

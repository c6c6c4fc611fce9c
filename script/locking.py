"""Lock files: created from the requirements files, and checked against them.

    python script/locking.py [--upgrade]
    python script/locking.py --check    needs no network

A lock file contains the exact version and the hashes of every package, for all supported Python
versions and platforms. Its header contains a digest of the files that it was created from.
"""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = "3.11"
INDEX = "https://pypi.org/simple"
# Each lock file with its requirements files; the last one includes the others.
LOCKS = {
    "requirements.lock": ["requirements.txt"],
    "requirements-dev.lock": ["requirements.txt", "requirements-dev.txt"],
}
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)


def digest(lists: list[str]) -> str:
    """Return a digest of requirements files."""
    contents = b"\0".join((ROOT / name).read_bytes() for name in lists)
    return hashlib.sha256(contents).hexdigest()


def header(lists: list[str]) -> str:
    """Return a lock file's first lines."""
    return (
        f"# Made by script/lock from {' and '.join(lists)}. Do not edit.\n"
        f"# Digest of these: {digest(lists)}\n"
    )


def pins(text: str) -> dict[str, str]:
    """Return the versions that a list or a lock file names: package to version."""
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in PIN.findall(text)}


def make(lock: str, lists: list[str], *, upgrade: bool) -> None:
    """Resolve one lock file and write it.

    upgrade: without it, locked versions stay where they still satisfy the requirements.
    """
    uv = Path(sys.executable).with_name("uv")
    command = [
        *(str(uv), "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
        *("--python-version", OLDEST_PYTHON, "--no-config", "--default-index", INDEX),
        *("--no-header", "--no-emit-index-url", "--annotation-style", "line"),
        *("--output-file", lock, lists[-1]),
        *(["--upgrade"] if upgrade else []),
        # The same versions in all lock files.
        *([] if lock == "requirements.lock" else ["--constraints", "requirements.lock"]),
    ]
    # No index from the environment may be used.
    environment = {name: kept for name, kept in os.environ.items() if not name.startswith("UV_")}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    path = ROOT / lock
    path.write_text(header(lists) + path.read_text())


def problems() -> list[str]:
    """Return the differences between lock files and requirements files."""
    found = []
    for lock, lists in LOCKS.items():
        path = ROOT / lock
        text = path.read_text() if path.exists() else ""
        if not text.startswith(header(lists)):
            found.append(f"{lock} was not made from these {' and '.join(lists)}. Run script/lock.")
        locked = pins(text)
        for name in lists:
            for package, version in pins((ROOT / name).read_text()).items():
                if locked.get(package) != version:
                    found.append(f"{lock} has {package} {locked.get(package)}, not {version}.")
    return found


def main(arguments: list[str]) -> int:
    """Create the lock files, or check them; return 1 if they do not match."""
    if arguments != ["--check"]:
        for lock, lists in LOCKS.items():
            make(lock, lists, upgrade="--upgrade" in arguments)
    found = problems()
    print("\n".join(found) or "The lock files match.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

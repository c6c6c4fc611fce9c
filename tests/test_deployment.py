"""The files in deploy/ and the commands in the documents are what they say."""

import configparser
import re
import shutil
import subprocess
from itertools import count
from os import getpid

import psycopg
import pytest
import yaml
from django.core.management import get_commands
from django.db import connections

from evently import variable_checks
from evently.configuration import faults
from evently.environment import BASE_DIR
from evently.supervisor.roles import plan

DEPLOY = BASE_DIR / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
DOCUMENTS = [BASE_DIR / "README.md", *sorted((BASE_DIR / "docs").glob("*.md"))]
numbers = count(1)


def unit_of(path):
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str
    parser.read_string(path.read_text())
    return parser


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_unit_starts_its_roles_without_any_right(path):
    service = unit_of(path)["Service"]
    command = service["ExecStart"].split()
    role = path.stem.partition("-")[2]

    assert command[1:3] == ["-m", "evently.supervisor"]
    assert plan(command[3:]).roles == frozenset([role] if role else variable_checks.ROLES)
    assert service["User"] != "root"
    assert service["CapabilityBoundingSet"] == ""
    for hardening in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome"):
        assert service[hardening] == "yes"
    assert service["ProtectSystem"] == "strict"
    # The supervisor stops its own processes in order.
    assert service["KillMode"] == "mixed"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_accepts_the_unit(path, tmp_path):
    copy = tmp_path / path.name
    # The program need not be installed where tests run.
    copy.write_text(re.sub(r"/srv/evently/current/.venv/bin/python", "/bin/true", path.read_text()))
    done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_compose_runs_all_roles_as_an_ordinary_user_on_a_read_only_root():
    services = yaml.safe_load((BASE_DIR / "compose.yml").read_text())["services"]
    evently = [service for service in services.values() if service.get("image") == "evently"]

    wanted = frozenset().union(*(plan(service["command"]).roles for service in evently))
    assert wanted == frozenset(variable_checks.ROLES)
    assert sum(plan(service["command"]).migrate for service in evently) == 1
    for service in evently:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["tmpfs"] == ["/tmp"]
    for name in ("postgres", "valkey"):
        assert "test" in services[name]["healthcheck"]
        assert "ports" not in services[name]
    assert all(port.startswith("127.0.0.1:") for port in services["web"]["ports"])
    for service in services.values():
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert not source.startswith("./") or (BASE_DIR / source).is_file()


def test_image_runs_as_an_ordinary_user_and_copies_files_that_exist():
    lines = (BASE_DIR / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    assert users == ["10001:10001"]
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    for line in lines:
        if line.startswith("COPY"):
            *sources, _ = line.split()[1:]
            assert all((BASE_DIR / source).exists() for source in sources)
    ignored = (BASE_DIR / ".dockerignore").read_text().split()
    assert {".git", ".venv", ".env", ".evently*"} <= set(ignored)


def test_image_collects_static_files_with_settings_that_are_valid():
    text = (BASE_DIR / "Dockerfile").read_text()
    (step,) = re.findall(r"&& (SECRET_KEY=.*?)\.venv/bin/python", text, re.DOTALL)
    given = dict(pair.split("=", 1) for pair in step.replace("\\\n", " ").split())
    image = {"DEBUG": "false", "BIND": "0.0.0.0", "PORT": "8000"}

    assert faults(image | given) == []


def test_environment_of_compose_is_complete():
    text = (DEPLOY / "compose" / "evently.env.example").read_text()
    pairs = dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))
    filled = {
        "SECRET_KEY": "k" * 64,
        "EVENTLY_DIGEST_KEY": "d" * 64,
        "EVENTLY_PII_KEYS": "2026:" + "A" * 43 + "=",
        "METRICS_TOKEN": "m" * 32,
    }
    image = {"DEBUG": "false", "BIND": "0.0.0.0", "PORT": "8000"}

    assert faults(image | pairs | filled) == []


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
def test_nginx_accepts_the_example(tmp_path):
    for name in ("evently.conf", "evently-proxy.conf"):
        text = (DEPLOY / "nginx" / name).read_text()
        text = text.replace("/etc/nginx/evently-proxy.conf", str(tmp_path / "evently-proxy.conf"))
        text = re.sub(r"/etc/ssl/\S+\.(pem|key)", lambda m: str(tmp_path / f"site.{m[1]}"), text)
        (tmp_path / name).write_text(text)
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=tickets",
            "-keyout",
            str(tmp_path / "site.key"),
            "-out",
            str(tmp_path / "site.pem"),
        ],
        check=True,
        capture_output=True,
    )
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; events {{}} http {{ access_log off;"
        f" include {tmp_path}/evently.conf; }}"
    )
    command = ["nginx", "-t", "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_nginx_replaces_what_clients_claim():
    lines = (DEPLOY / "nginx" / "evently-proxy.conf").read_text().splitlines()
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in lines
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in lines
    assert "proxy_set_header Host $host;" in lines


@pytest.mark.skipif(not shutil.which("caddy"), reason="Caddy is not installed")
def test_caddy_accepts_the_example(tmp_path):
    file = DEPLOY / "caddy" / "Caddyfile"
    done = subprocess.run(
        ["caddy", "adapt", "--adapter", "caddyfile", "--config", str(file)],
        capture_output=True,
        text=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert "not formatted" not in done.stderr


# ── The roles ───────────────────────────────────────────────────────────────
def roles_sql(names):
    """Return the statements of roles.sql with psql's variables filled in, by database."""
    text = (DEPLOY / "postgresql" / "roles.sql").read_text()
    # Defaults are set between \if and \endif.
    text = re.sub(r"^\\(?!connect).*$|^    \\set.*$", "", text, flags=re.MULTILINE)
    for name, value in names.items():
        text = text.replace(f':"{name}"', f'"{value}"').replace(f":'{name}'", f"'{value}'")
    text = re.sub(r"^--.*$", "", text, flags=re.MULTILINE)
    first, second = re.split(r"^\\connect.*$", text, flags=re.MULTILINE)
    # A semicolon between $$ ends no statement.
    statement = re.compile(r"((?:[^;$]|\$\$.*?\$\$)+);", re.DOTALL)
    return [[part.strip() for part in statement.findall(each)] for each in (first, second)]


@pytest.fixture
def superuser():
    """Connect as the embedded server's superuser, which only script/test has."""
    from evently.embedded import addresses

    password = addresses.passwords().get("evently")
    if not password:
        pytest.skip("the server is not ours")
    config = connections["owner"].settings_dict

    def connect(database):
        return psycopg.connect(
            host=config["HOST"],
            port=config["PORT"],
            user="evently",
            password=password,
            dbname=database,
            autocommit=True,
        )

    return connect


def test_roles_own_and_may_what_they_should(superuser):
    suffix = f"{getpid()}_{next(numbers)}"
    names = {role: f"{role}_{suffix}" for role in ("owner", "app", "database")}
    passwords = {"owner_password": "o'wner".replace("'", ""), "app_password": "app"}
    first, second = roles_sql(names | passwords)
    with superuser("postgres") as server:
        try:
            for statement in first:
                server.execute(statement)
            with superuser(names["database"]) as database:
                for statement in second:
                    database.execute(statement)
                allowed = {
                    (role, right): database.execute(
                        "SELECT has_database_privilege(%s, %s, %s)",
                        [names[role], names["database"], right],
                    ).fetchone()[0]
                    for role in ("owner", "app")
                    for right in ("CONNECT", "CREATE", "TEMPORARY")
                }
                takes = database.execute(
                    "SELECT pg_has_role(%(app)s, 'evently_worker', 'MEMBER'),"
                    " pg_has_role(%(app)s, 'evently_worker', 'USAGE')",
                    {"app": names["app"]},
                ).fetchone()
                creates = {
                    role: database.execute(
                        "SELECT has_schema_privilege(%s, 'public', 'CREATE')", [names[role]]
                    ).fetchone()[0]
                    for role in ("owner", "app")
                }
        finally:
            server.execute(f'DROP DATABASE IF EXISTS "{names["database"]}"')
            for role in ("owner", "app"):
                server.execute(f'DROP ROLE IF EXISTS "{names[role]}"')

    assert [right for (role, right), yes in allowed.items() if role == "app" and yes] == ["CONNECT"]
    assert all(yes for (role, _), yes in allowed.items() if role == "owner")
    assert creates == {"owner": True, "app": False}
    assert takes == (True, False)  # it may take the role, and inherits nothing of it


# ── The documents ───────────────────────────────────────────────────────────
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_files_in_documents_exist(path):
    text = path.read_text()

    for command in re.findall(r"manage\.py ([a-z_]+)", text):
        assert command in get_commands(), command
    for module in re.findall(r"python -m (evently[a-z_.]+)", text):
        module_file = BASE_DIR / module.replace(".", "/")
        assert module_file.with_suffix(".py").exists() or (module_file / "__main__.py").exists()
    for file in re.findall(r"\b(deploy/[\w./-]*\w|script/[a-z_]+)", text):
        assert (BASE_DIR / file).exists(), file
    for target in re.findall(r"\]\(([\w./-]+\.md)", text):
        assert (path.parent / target).exists(), target

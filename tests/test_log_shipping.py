"""The examples in deploy/rsyslog send a log to another machine over TLS, and lose none of it."""

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from evently.environment import BASE_DIR

EXAMPLES = BASE_DIR / "deploy" / "rsyslog"
SENDER, RECEIVER = "tickets.example.org", "logs.example.org"
PATIENCE_SECONDS = 60
HAS_TLS = any(Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so"))

pytestmark = pytest.mark.skipif(
    not (shutil.which("rsyslogd") and HAS_TLS), reason="rsyslog-gnutls is not installed"
)


@pytest.fixture(scope="module")
def authority():
    return authority_named("Our own")


def authority_named(name):
    """Return (key, certificate) of a certificate authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return key, signed(key, subject, key, subject, x509.BasicConstraints(True, None))


def signed(key, subject, issuer_key, issuer, *extensions):
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def write_certificate(folder, role, host, authority):
    """Write the certificate and key of a machine, as the examples name their files."""
    issuer_key, issuer = authority
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    certificate = signed(key, subject, issuer_key, issuer.subject, names)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / f"{role}.pem").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (folder / f"{role}.key").write_bytes(private)


class Machines:
    """Both machines on this one: their files in a folder, with a port of their own."""

    def __init__(self, folder, authority):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        pem = authority[1].public_bytes(serialization.Encoding.PEM)
        (folder / "ca.pem").write_bytes(pem)
        write_certificate(folder, "receiver", RECEIVER, authority)
        write_certificate(folder, "sender", SENDER, authority)

    def _config(self, example, before=""):
        text = (EXAMPLES / example).read_text()
        for path, here in (
            ("/etc/evently/logs", self.folder),
            ("/var/log/evently", self.folder / "kept"),
            ("6514", self.port),
            (f'target="{RECEIVER}"', 'target="127.0.0.1"'),
            ('resumeInterval="10"', 'resumeInterval="1"'),
        ):
            text = text.replace(path, str(here))
        file = self.folder / example
        file.write_text(before + text)
        return file

    @contextmanager
    def receiver(self):
        with self._running(self._config("evently-receiver.conf")):
            wait_until(self._is_listening)
            yield

    def _is_listening(self):
        with socket.socket() as other:
            return other.connect_ex(("127.0.0.1", self.port)) == 0

    @contextmanager
    def sender(self):
        # As in Debian's rsyslog.conf, which reads the socket that journald writes to.
        before = (
            f'global(workDirectory="{self.folder}")\n'
            'module(load="imuxsock" SysSock.Use="off")\n'
            f'input(type="imuxsock" Socket="{self.folder}/journal")\n'
        )
        with self._running(self._config("evently.conf", before)):
            wait_until((self.folder / "journal").exists)
            yield

    @contextmanager
    def _running(self, config):
        command = ["rsyslogd", "-n", "-f", str(config), "-i", f"{config}.pid"]
        with (self.folder / "errors").open("a") as errors:
            process = subprocess.Popen(command, stdout=errors, stderr=errors)
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)

    def log(self, text, program="evently"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
            journal.connect(str(self.folder / "journal"))
            journal.send(f"<14>Nov 27 23:00:00 {program}[12]: {text}".encode())

    @property
    def kept(self):
        files = sorted((self.folder / "kept").rglob("*.jsonl"))
        return [line.strip() for file in files for line in file.read_text().splitlines()]

    @property
    def errors(self):
        return (self.folder / "errors").read_text()


def wait_until(holds):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_lines_arrive_whole_also_after_the_other_machine_was_down(tmp_path, authority):
    machines = Machines(tmp_path, authority)
    long = '{"event": "error", "traceback": "' + "x" * 30_000 + '"}'
    with machines.sender():
        with machines.receiver():
            machines.log('{"event": "logged in"}')
            machines.log("of another program", program="cron")
            machines.log(long)
            wait_until(lambda: long in machines.kept)
        # A line may arrive twice where the connection broke.
        assert set(machines.kept) == {'{"event": "logged in"}', long}
        machines.log('{"event": "login failed"}')
        wait_until(lambda: "Connection refused" in machines.errors)
        with machines.receiver():
            wait_until(lambda: '{"event": "login failed"}' in machines.kept)


@pytest.mark.parametrize("stranger", ["sender", "receiver"])
def test_machines_without_our_certificate_get_nothing(tmp_path, authority, stranger):
    machines = Machines(tmp_path, authority)
    host = SENDER if stranger == "sender" else RECEIVER
    write_certificate(tmp_path, stranger, host, authority_named("Another one"))
    with machines.receiver(), machines.sender():
        machines.log('{"event": "logged in"}')
        wait_until(lambda: "signer not found" in machines.errors)
    assert machines.kept == []


def test_another_machine_of_ours_is_not_the_sender(tmp_path, authority):
    machines = Machines(tmp_path, authority)
    write_certificate(tmp_path, "sender", "printer.example.org", authority)
    with machines.receiver(), machines.sender():
        machines.log('{"event": "logged in"}')
        wait_until(lambda: "peer name not authorized" in machines.errors)
    assert machines.kept == []

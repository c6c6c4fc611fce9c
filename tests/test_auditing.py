"""script/audit against a service like OSV: what it finds, and what it cannot find out."""

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from evently.environment import BASE_DIR

pytestmark = pytest.mark.slow


def vulnerability(name, version):
    affected = {"package": {"name": name, "ecosystem": "PyPI"}, "versions": [version]}
    fixed = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "999"}]}
    affected["ranges"] = [fixed]
    return {"id": "PYSEC-1", "aliases": [], "summary": "x", "affected": [affected]}


@contextmanager
def advisories(known, status=200, then=None):
    """Run a service of vulnerabilities; known: names of packages whose every version has one.

    status: of all answers. then: of those after the first question.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = query["package"]["name"]
            is_probe = query["version"] == "4.2.1"
            has_one = known is not None and (is_probe or name in known)
            found = [vulnerability(name, query["version"])] if has_one else []
            body = json.dumps({"vulns": found} if found else {}).encode()
            self.send_response(status if is_probe or then is None else then)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()
        thread.join()


def audit(url):
    return subprocess.run(
        [sys.executable, "script/auditing.py", "--osv-url", url],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def test_known_vulnerabilities_fail():
    with advisories({"gunicorn"}) as url:
        done = audit(url)
    assert done.returncode == 1, done.stderr
    (line,) = done.stdout.splitlines()
    assert line.startswith("gunicorn ")
    assert "PYSEC-1" in line
    assert "fixed in 999" in line


def test_none_are_known():
    with advisories(set()) as url:
        done = audit(url)
    assert done.returncode == 0, done.stdout
    assert "none known to be vulnerable" in done.stdout


@pytest.mark.parametrize("status", [200, 404, 503])
def test_a_service_that_knows_nothing_is_no_proof(status):
    with advisories(None if status == 200 else set(), status) as url:
        done = audit(url)
    assert done.returncode == 75
    assert done.stdout.startswith("Skipped: no service")


def test_a_service_that_breaks_off_is_no_proof():
    with advisories(set(), then=503) as url:
        done = audit(url)
    assert done.returncode == 75, done.stdout
    assert done.stdout.startswith("Skipped: the packages could not be looked up.")


def test_no_service_is_no_proof():
    with advisories(set()) as url:
        pass
    assert audit(url).returncode == 75

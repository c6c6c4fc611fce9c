"""Changing keys while two processes run: in the documented order, no request fails."""

import os
import subprocess
import sys
from base64 import b64encode
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from evently import preflight
from evently.accounts.factories import UserFactory, issued_token
from evently.accounts.links import read_verification_token, verification_token
from evently.accounts.models import User
from evently.database.clock import now
from evently.environment import BASE_DIR
from evently.links import read_link, sign_link
from evently.privacy.models import PersonKey
from evently.privacy.sealing import WrappingKeyMissing
from evently.tests.database import url_of
from evently.tests.running import production
from events.factories import EventFactory
from events.operations import quote_price, read_quote
from notifications.factories import NotificationFactory
from notifications.models import NotificationStatus
from notifications.operations import delivering
from waitlists.operations import announce_draw

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes, pytest.mark.slow]

SECOND = timedelta(seconds=1)
# Answers each line of its input, a path, with the status of an API request.
PROCESS = """
import sys
import evently.wsgi
from django.test import Client
client = Client(headers={"Host": "localhost", "Authorization": "Bearer " + sys.argv[1]})
print("ready", flush=True)
for line in sys.stdin:
    response = client.get(line.strip())
    print(response.status_code, response.headers.get("Retry-After", ""), flush=True)
"""


class Process:
    """A web process that stays alive, with its own environment."""

    def __init__(self, token, **environment):
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, token],
            env=os.environ | production() | {"DATABASE_URL": url_of()} | environment,
            cwd=BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        while (line := self.process.stdout.readline().strip()) != "ready":
            # Log lines come before; an empty line is the end.
            assert line or self.process.poll() is None

    def get(self, path="/api/v1/me/"):
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        while not (line := self.process.stdout.readline())[:1].isdigit():
            assert self.process.poll() is None
        return line.strip()

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture
def start():
    started = []

    def begin(token, **environment):
        started.append(Process(token, **environment))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.end()


def manage(*command, **environment):
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        env=os.environ | production() | {"DATABASE_URL": url_of()} | environment,
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def keys(*names):
    known = {"old": next(iter(settings.EVENTLY_PII_KEYS.values())), "new": b"n" * 32}
    old_name = next(iter(settings.EVENTLY_PII_KEYS))
    return ",".join(
        f"{old_name if name == 'old' else name}:{b64encode(known[name]).decode()}" for name in names
    )


@pytest.fixture
def token():
    made = issued_token(UserFactory()).secret
    # This process takes no part in the rotation.
    for alias in ("default", "owner"):
        with connections[alias].cursor() as cursor:
            cursor.execute("SET application_name = 'pytest'")
    yield made
    for alias in ("default", "owner"):
        connections[alias].close()


def rotate(*names):
    return manage("rotate_pii_keys", "--watch", "0", EVENTLY_PII_KEYS=keys(*names))


def test_rotation_of_pii_keys_in_the_documented_order(start, token):
    one, other = (start(token, EVENTLY_PII_KEYS=keys("old")) for _ in range(2))
    assert (one.get(), other.get()) == ("200", "200")

    # 1. As the second key. Until all processes know it, neither its use nor the rotation begins.
    early = manage("check", "--database", "default", EVENTLY_PII_KEYS=keys("new", "old"))
    assert early.returncode == 1
    assert "Put it second in EVENTLY_PII_KEYS" in early.stderr
    one.end()
    one = start(token, EVENTLY_PII_KEYS=keys("old", "new"))
    assert (one.get(), other.get()) == ("200", "200")
    refused = rotate("new", "old")
    assert (refused.returncode, "do not know the key 'new'" in refused.stderr) == (1, True)
    other.end()
    other = start(token, EVENTLY_PII_KEYS=keys("old", "new"))
    assert other.get() == "200"

    # 2. As the first: new users' keys are wrapped with it, and the other process reads them.
    one.end()
    one = start(token, EVENTLY_PII_KEYS=keys("new", "old"))
    assert (one.get(), other.get()) == ("200", "200")
    rotated = rotate("new", "old")
    assert rotated.returncode == 0, rotated.stderr
    assert {key.wrapping_key_name for key in PersonKey.objects.all()} == {"new"}
    assert (one.get(), other.get()) == ("200", "200")

    # 3. Without the old one.
    other.end()
    other = start(token, EVENTLY_PII_KEYS=keys("new"))
    assert (one.get(), other.get()) == ("200", "200")


def test_a_key_that_a_pending_draw_needs_is_kept(token):
    event = EventFactory()
    announce_draw(event_id=event.pk, closes_at=now() + timedelta(hours=1))

    said = rotate("new", "old").stdout

    old = next(iter(settings.EVENTLY_PII_KEYS))
    assert f"In use: '{old}', by 1 pending draw." in said
    assert f"Keep '{old}' in EVENTLY_PII_KEYS while it is in use." in said
    assert "can be removed" not in said


def test_process_that_does_not_know_the_key_asks_to_retry(client, settings):
    user = UserFactory()
    secret = issued_token(user).secret
    client.force_login(user)
    settings.EVENTLY_PII_KEYS = {"new": b"n" * 32}

    response = client.get("/api/v1/me/", headers={"Authorization": f"Bearer {secret}"})
    assert (response.status_code, response.json()["code"]) == (503, "key_missing")
    assert response.headers["Retry-After"] == "30"
    # The page of the refusal would show the user's name, too.
    page = client.get("/account/")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "30")
    assert "try again" in page.content.decode()


def test_email_waits_for_a_worker_that_knows_the_key(settings):
    notification = NotificationFactory()
    settings.EVENTLY_PII_KEYS = {"new": b"n" * 32}
    with pytest.raises(WrappingKeyMissing):
        delivering.deliver_all([(notification.pk, notification.user_id)])
    notification.refresh_from_db()
    assert notification.status == NotificationStatus.PENDING


def test_rotation_of_the_digest_key_in_the_documented_order(settings):
    user = UserFactory(email="ana@example.org")
    old, new = settings.EVENTLY_DIGEST_KEY, "n" * 40

    settings.EVENTLY_DIGEST_KEY_FALLBACKS = [new]
    assert User.objects.with_address("Ana@example.org").get() == user
    settings.EVENTLY_DIGEST_KEY, settings.EVENTLY_DIGEST_KEY_FALLBACKS = new, [old]
    newer = UserFactory(email="bo@example.org")
    assert preflight.problems() == []
    assert User.objects.with_address("ana@example.org").get() == user
    # Another process has the keys in the order of step 1.
    settings.EVENTLY_DIGEST_KEY, settings.EVENTLY_DIGEST_KEY_FALLBACKS = old, [new]
    assert User.objects.with_address("bo@example.org").get() == newer

    settings.EVENTLY_DIGEST_KEY, settings.EVENTLY_DIGEST_KEY_FALLBACKS = new, [old]
    call_command("redigest_addresses", stdout=StringIO())
    assert User.objects.with_address("ana@example.org").get() == user
    settings.EVENTLY_DIGEST_KEY_FALLBACKS = []
    assert User.objects.with_address("ana@example.org").get() == user
    assert preflight.problems() == []


def test_what_an_earlier_secret_key_signed_still_works(client, settings):
    user, event = UserFactory(), EventFactory()
    client.force_login(user)
    link = sign_link(purpose="drill", row_id=user.pk, event_id=user.pk)
    quote = quote_price(event_id=event.pk, quantity=1, holder="me")
    verification = verification_token(user)

    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "n" * 50

    assert client.get("/account/").status_code == 200
    assert read_link(purpose="drill", token=link)[:2] == (user.pk, user.pk)
    assert read_verification_token(verification)[0] == user.pk
    read = read_quote(quote.token, event_id=event.pk, holder="me", at=quote.expires_at - SECOND)
    assert read.unit_price == quote.unit_price

"""Fixtures of the notification tests."""

import secrets
import socket

import pytest
from structlog.testing import LogCapture

from evently import email_providers
from notifications.operations.lanes import Lanes
from notifications.providers.registry import CHAIN_BACKEND
from notifications.tests.mailserver import mail_server
from notifications.tests.queues import another_broker, taken_from_queues


@pytest.fixture
def log_output():
    """Collect the log entries of all of the app's loggers."""
    import structlog

    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    yield capture
    structlog.configure(**before)


@pytest.fixture
def taken():
    """Return a function that takes the enqueued tasks: (name, arguments) in order.

    The broker is Celery's in-memory one, so tasks of other processes are not among them.
    """
    with another_broker("memory://"):
        taken_from_queues()
        yield taken_from_queues
        taken_from_queues()


@pytest.fixture
def server(settings):
    """Send emails by SMTP to a real mail server."""
    with mail_server() as running:
        settings.EMAIL_BACKEND = "notifications.emails.smtp.Backend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield running


@pytest.fixture
def running_lanes():
    """Return a function that starts lanes, which are stopped after the test."""
    started = []

    def start(**given):
        lanes = Lanes(**given)
        started.append(lanes)
        lanes.start()
        return lanes

    yield start
    for lanes in started:
        lanes.stop()
        lanes.join(seconds=60)


@pytest.fixture
def chain(settings):
    """Return a function that configures a chain."""

    def configure(text):
        settings.EMAIL_BACKEND = CHAIN_BACKEND
        settings.EMAIL_PROVIDERS = email_providers.parse(text)
        return [provider.name for provider in settings.EMAIL_PROVIDERS]

    return configure


@pytest.fixture
def label():
    """Return a label that no counts in the broker have yet."""
    return secrets.token_hex(8)


@pytest.fixture
def deaf():
    """Return the port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]

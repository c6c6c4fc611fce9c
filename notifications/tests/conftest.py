"""What the tests of telling share."""

import pytest
from structlog.testing import LogCapture

from notifications.tests.mailserver import mail_server


@pytest.fixture
def log_output(monkeypatch):
    """Collect what is logged, by any logger of ours."""
    import structlog

    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    yield capture
    structlog.configure(**before)


@pytest.fixture
def server(settings):
    """Send by SMTP to a real mail server."""
    with mail_server() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield running

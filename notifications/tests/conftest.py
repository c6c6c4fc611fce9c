"""What the tests of telling share."""

import pytest
from structlog.testing import LogCapture


@pytest.fixture
def log_output(monkeypatch):
    """Collect what is logged, by any logger of ours."""
    import structlog

    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    yield capture
    structlog.configure(**before)

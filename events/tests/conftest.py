"""Fixtures of the tests of this app."""

import pytest


@pytest.fixture
def a_file(tmp_path):
    """A function that writes a file and returns its path."""

    def write(content, encoding="utf-8"):
        path = tmp_path / "events.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write

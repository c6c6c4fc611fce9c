"""Values that must not reach the logs."""

import pytest

from evently.redaction import redact_event, redact_path, redact_text

UUID = "0190a8f0-7e4c-7cc2-9d5e-6e1f00c0ffee"


@pytest.mark.parametrize(
    ("path", "kwargs", "shown"),
    [
        (f"/events/{UUID}/book/", {"event_id": UUID}, f"/events/{UUID}/book/"),
        ("/b/abc/", {"token": "abc"}, "/b/…/"),
        # No pattern matched, as without the last slash: hidden because it looks like a token.
        ("/b/eyJhbGciOiJIUzI1NiJ9.e30:1abc", None, "/b/…"),
        ("/people/ada@example.org/", None, "/people/…/"),
        ("/a\x00b\n", None, "/a\\x00b\\x0a"),
        ("/a-page-with-a-long-name-of-words/", None, "/a-page-with-a-long-name-of-words/"),
    ],
)
def test_redact_path_hides_tokens_and_addresses(path, kwargs, shown):
    assert redact_path(path, kwargs) == shown


def test_redact_path_is_short():
    assert len(redact_path("/" + "a/" * 1000)) == 300


def test_redact_text_hides_addresses_rows_and_passwords():
    text = (
        "could not send to Ada <ada@example.org> through smtp://user:hunter2@mail.example.org\n"
        'IntegrityError: null value in column "x"\n'
        "DETAIL:  Failing row contains (1, Ada Lovelace).\n"
        "after"
    )
    shown = redact_text(text)
    for secret in ("ada@example.org", "hunter2", "Lovelace"):
        assert secret not in shown
    assert "IntegrityError" in shown
    assert shown.endswith("after")


def test_redact_text_hides_the_keys_of_a_bucket():
    text = "s3://cold/a?access_key=AKIA1&secret_key=hunter2/+%3D&region_name=eu-central-1 failed"
    shown = redact_text(text)
    assert shown == "s3://cold/a?access_key=…&secret_key=…&region_name=eu-central-1 failed"


def test_redact_event_drops_sensitive_keys_at_any_depth():
    event = {"event": "sent", "email": "a@b.org", "inner": {"token": "x", "id": 7}}
    assert redact_event(None, "", event) == {"event": "sent", "inner": {"id": 7}}

"""COLD_STORAGE_URL: what it means, and what is said of a wrong one."""

from pathlib import Path

import pytest
from django.views.debug import get_exception_reporter_filter

from evently.configuration import faults
from evently.lifecycle.storage import S3_OPTIONS, problem_with, storage_of

FOLDER = Path("/srv/evently/cold")
WHOLE = (
    "s3://my-bucket/a/folder%20of/ours?region_name=eu-central-1&access_key=AKIA1&"
    "secret_key=a/b+c%2Bd%26e=&endpoint_url=https://storage.example.org:9000"
)


def test_folder_is_the_default_and_can_be_named():
    for url, location in (("", str(FOLDER)), ("file:///srv/my%20cold", "/srv/my cold")):
        place = storage_of(url, folder=FOLDER)
        assert place["BACKEND"] == "evently.lifecycle.folder.PrivateFolder"
        assert place["OPTIONS"] == {"location": location}
        assert problem_with(url or "file:///srv/cold") == ""


def test_bucket_has_its_options_from_the_url():
    assert problem_with(WHOLE) == ""
    place = storage_of(WHOLE, folder=FOLDER)
    assert place["BACKEND"] == "evently.lifecycle.bucket.Bucket"
    assert place["OPTIONS"] == {
        "bucket": "my-bucket",
        "folder": "a/folder of/ours",
        "region_name": "eu-central-1",
        "access_key": "AKIA1",
        # A plus stays one: it is no blank, as in a form.
        "secret_key": "a/b+c+d&e=",
        "endpoint_url": "https://storage.example.org:9000",
    }
    # As settings show it; it works as text all the same.
    assert "a/b+c" not in repr(place)
    assert "AKIA1" not in repr(place)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("s3://bucket", ""),
        ("s3://bucket?endpoint_url=http://127.0.0.1:9000&addressing_style=path", ""),
        ("/srv/cold", "must name a folder or a bucket: file:///srv/cold, or s3://"),
        ("https://bucket.example.org", "must name a folder or a bucket"),
        ("s3://[bucket", "must name a folder or a bucket"),
        ("file://srv/cold", "must name a folder"),
        ("file:///srv/cold?region_name=x", "must name a folder"),
        ("s3:///folder", "must name a bucket"),
        ("s3://my bucket/folder", "must name a bucket"),
        ("s3://bucket/../other", "without . and .."),
        ("s3://AKIA:hunter2@bucket/folder", "access_key=…&secret_key=…"),
        ("s3://minio:9000/bucket", "endpoint_url=https://storage.example.org"),
        ("s3://bucket?regionname=x", "unknown option 'regionname'; there are endpoint_url"),
        ("s3://bucket?access_key=a&secret_key=b&hunter2", "an unknown option; there are"),
        ("s3://bucket?region_name=x&region_name=y", "twice"),
        ("s3://bucket?region_name=", "no value for region_name"),
        ("s3://bucket?access_key=AKIA1", "both access_key and secret_key"),
        ("s3://bucket?access_key=a&secret_key=hunter2#x", "%23"),
        ("s3://bucket?addressing_style=hunter2", "auto, path, virtual"),
        ("s3://bucket?endpoint_url=storage.example.org", "endpoint_url that is a whole one"),
        ("s3://bucket?endpoint_url=https://me:hunter2@example.org", "must not have a key in"),
        ("s3://bucket?endpoint_url=http://storage.example.org", "https, unless"),
    ],
)
def test_wrong_url_is_refused_with_what_to_do_and_without_a_key(url, says):
    problem = problem_with(url)
    assert says in problem
    assert bool(says) == bool(problem)
    assert "hunter2" not in problem


def test_start_says_what_is_wrong_without_passwords():
    wrong = {
        "COLD_STORAGE_URL": "s3://AKIA1:hunter2@bucket",
        "ERASURE_REGISTER": "ftp://me:hunter2@register.example.org",
    }
    found = faults(wrong)
    assert {fault.split(" ")[0] for fault in found} == set(wrong)
    assert "hunter2" not in str(found)


def test_error_pages_of_development_show_no_password_of_a_url(settings):
    settings.COLD = storage_of(WHOLE, folder=FOLDER)
    settings.BROKER = "redis://:hunter2@broker.example.org/0"
    settings.OLD_URL = WHOLE
    shown = get_exception_reporter_filter(None).get_safe_settings()
    text = repr([shown["COLD"], shown["BROKER"], shown["OLD_URL"], shown["STORAGES"]])
    for secret in ("hunter2", "a/b+c", "AKIA1"):
        assert secret not in text
    assert "redis://:…" in text


def test_options_are_those_of_the_docs():
    docs = Path("docs/settings.md").read_text()
    for option in S3_OPTIONS:
        assert f"`{option}`" in docs

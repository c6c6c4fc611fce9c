"""Static files are collected once, and nothing is written afterwards."""

import os

import pytest
from django.conf import settings as django_settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.utils.functional import empty

from evently import static_files

MANIFEST = "whitenoise.storage.CompressedManifestStaticFilesStorage"


@pytest.fixture
def source(tmp_path, settings):
    """Let one small folder be all static files, collected as in production."""
    folder = tmp_path / "source"
    (folder / "css").mkdir(parents=True)
    (folder / "css" / "base.css").write_text("body { color: red }" * 500)
    settings.STATICFILES_DIRS = [folder]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "root"
    settings.STORAGES = django_settings.STORAGES | {"staticfiles": {"BACKEND": MANIFEST}}
    forget_storage()
    yield folder
    forget_storage()


def forget_storage():
    finders.get_finder.cache_clear()
    storages._storages.pop("staticfiles", None)
    staticfiles_storage._wrapped = empty


def state_of(root):
    return {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in root.rglob("*")}


def names_in(root, pattern):
    return sorted(path.name for path in root.rglob(pattern))


def test_second_run_writes_nothing(source, settings):
    assert static_files.collect()
    before = state_of(settings.STATIC_ROOT)
    assert names_in(settings.STATIC_ROOT, "base.*.css.gz")

    assert not static_files.collect()

    assert state_of(settings.STATIC_ROOT) == before


def test_changed_file_is_collected_however_old_it_says_it_is(source, settings):
    static_files.collect()
    (first,) = names_in(settings.STATIC_ROOT, "base.*.css")

    (source / "css" / "base.css").write_text("body { color: blue }")
    # As from an archive that keeps the times of its files.
    os.utime(source / "css" / "base.css", (1, 1))
    assert static_files.collect()

    both = names_in(settings.STATIC_ROOT, "base.*.css")
    # The old one stays for pages that are still open.
    assert first in both
    assert len(both) == 2
    manifest = (settings.STATIC_ROOT / "staticfiles.json").read_text()
    assert first not in manifest
    assert "blue" in (settings.STATIC_ROOT / "css" / "base.css").read_text()


def test_files_are_readable_for_a_proxy(source, settings):
    before = os.umask(0o077)
    try:
        static_files.collect()
    finally:
        os.umask(before)

    assert settings.STATIC_ROOT.stat().st_mode & 0o055 == 0o055
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in settings.STATIC_ROOT.rglob("*"))


def test_folder_that_cannot_be_written_to_gives_one_sentence(source, settings, tmp_path):
    (tmp_path / "file").touch()
    settings.STATIC_ROOT = tmp_path / "file" / "root"

    with pytest.raises(CommandError, match=r"set STATIC_ROOT to a folder") as caught:
        static_files.collect()

    assert str(settings.STATIC_ROOT) in str(caught.value)


def test_command_says_what_it_did(source, settings, capsys):
    call_command("collectstatic", "--noinput")
    call_command("collectstatic")

    assert capsys.readouterr().out.splitlines() == [
        "Static files collected.",
        "Static files are up to date.",
    ]

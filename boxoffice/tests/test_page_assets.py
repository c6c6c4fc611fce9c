"""Stylesheets and scripts of the pages: joined and small outside development."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage

from evently import assets
from evently.environment import BASE_DIR
from events.factories import EventFactory

STATIC = FileSystemStorage(location=BASE_DIR / "static")
# What the first visit of the home page loads besides: fonts, icons, covers, the mark, the theme.
BESIDES = (
    "vendor/inter/inter-latin-wght-normal.woff2",
    "vendor/bricolage-grotesque/bricolage-grotesque-latin-wght-normal.woff2",
    "img/icons.svg",
    "img/covers.svg",
    "img/mark.svg",
    "js/theme.js",
)


@pytest.fixture
def collected(tmp_path, settings):
    """Post-process the pages' files as `collectstatic` does; return where they are, by name."""
    settings.DEBUG = False
    storage = assets.PageAssetsStorage(location=str(tmp_path))
    others = [
        str(path.relative_to(BASE_DIR / "static"))
        for folder in ("vendor", "img")
        for path in (BASE_DIR / "static" / folder).rglob("*")
        if path.suffix in {".woff2", ".svg"}
    ]
    paths = {}
    for name in (*assets.STYLES, *assets.SCRIPTS, *others, "js/theme.js"):
        with STATIC.open(name) as source:
            storage._save(name, source)
        paths[name] = (storage, name)
    for _, _, processed in storage.post_process(paths):
        assert not isinstance(processed, Exception), processed
    return lambda name: tmp_path / storage.stored_name(name)


def test_each_component_is_among_the_stylesheets():
    there = {
        f"css/components/{path.name}" for path in (BASE_DIR / "static/css/components").glob("*")
    }
    assert there - set(assets.STYLES) == {"css/components/gallery.css"}
    assert len(set(assets.STYLES)) == len(assets.STYLES)
    assert all(finders.find(name) for name in (*assets.STYLES, *assets.SCRIPTS))


def test_joined_stylesheet_has_all_rules_and_finds_its_files(collected):
    joined = collected(assets.JOINED_STYLES)
    text = joined.read_text()

    assert re.search(r"pages\.[0-9a-f]{12}\.css$", joined.name)
    assert text.index("--paper:") < text.index(".event-grid") < text.index(".timeline")
    urls = re.findall(r'url\("([^"]+)"\)', text)
    assert len(urls) == 5
    for url in urls:
        assert (joined.parent / url).resolve().exists(), url


def test_joined_scripts_keep_their_names_to_themselves(collected):
    text = collected(assets.JOINED_SCRIPTS).read_text()
    assert text.count('(() => {\n"use strict";') == len(assets.SCRIPTS) - 1
    assert "\nconst " not in re.sub(r"\(\(\) => \{.*?\n\}\)\(\);", "", text, flags=re.DOTALL)


@pytest.mark.django_db
def test_first_visit_takes_few_requests_and_little_data(collected, client, settings):
    EventFactory.create_batch(12)
    page = client.get("/", headers={"Accept-Encoding": "gzip"})
    files = (assets.JOINED_STYLES, assets.JOINED_SCRIPTS, *BESIDES)

    sizes = [len(page.content), *(sent_size(collected(name)) for name in files)]

    assert len(sizes) <= 12
    assert sum(sizes) < 100_000


def sent_size(path: Path) -> int:
    compressed = path.with_name(f"{path.name}.gz")
    return (compressed if compressed.exists() else path).stat().st_size


@pytest.mark.django_db
def test_pages_and_answers_are_compressed_and_keep_a_version_to_match(client):
    event = EventFactory(description="Words. " * 200)

    page = client.get("/", headers={"Accept-Encoding": "gzip, br"})
    listed = client.get("/api/v1/events/", headers={"Accept-Encoding": "gzip"})
    one = client.get(f"/api/v1/events/{event.pk}/", headers={"Accept-Encoding": "gzip"})

    assert page.headers["Content-Encoding"] == listed.headers["Content-Encoding"] == "gzip"
    assert b"<html" in gzip.decompress(page.content)
    assert "Accept-Encoding" in page.headers["Vary"]
    assert one.headers["Content-Encoding"] == "gzip"
    assert one.headers["ETag"].startswith('W/"1-')

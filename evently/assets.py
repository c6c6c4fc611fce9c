"""Stylesheets and scripts of the pages: a file each in development, one of each otherwise.

Sources stay a file per component. `collectstatic` joins them, in the order of the lists below, and
gives the result a name with its hash; there is no build tool.
"""

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.base import ContentFile
from django.utils.functional import cached_property
from whitenoise.storage import CompressedManifestStaticFilesStorage

# In this order, since rules of later files win. The gallery's own file is not among them.
STYLES = (
    "css/tokens.css",
    "css/base.css",
    *(
        f"css/components/{name}.css"
        for name in (
            *("back-link", "booking-panel", "celebrate", "button", "plot", "countdown", "cover"),
            *("dialog", "empty", "error-page", "event-card", "facts", "footer", "form", "header"),
            *("lines", "mail", "hero", "icon", "inbox", "messages", "notice", "offer"),
            *("pagination", "pill"),
            *("position", "price-chart", "price", "record", "seats", "sheet", "stepper", "tabs"),
            *("ticket", "timeline", "attendance", "factors", "switches"),
        )
    ),
)
# Run after the page is there, each in a scope of its own. js/theme.js comes first, on its own.
SCRIPTS = (
    "vendor/htmx/htmx.min.js",
    "js/page.js",
    "js/countdown.js",
    "js/stepper.js",
    "js/dialog.js",
)
JOINED_STYLES = "css/pages.css"
JOINED_SCRIPTS = "js/pages.js"

RELATIVE_URL = re.compile(r"""url\((?P<quote>["']?)(?P<path>\.\.?/[^"')]+)(?P=quote)\)""")


def _is_joined() -> bool:
    return bool(getattr(staticfiles_storage, "joins_pages", False))


def style_urls() -> list[str]:
    """Return the URLs of the stylesheets of a page."""
    names = (JOINED_STYLES,) if _is_joined() else STYLES
    return [staticfiles_storage.url(name) for name in names]


def scripts() -> list[dict[str, Any]]:
    """Return the deferred scripts of a page, as dicts of url and is_module."""
    names = (JOINED_SCRIPTS,) if _is_joined() else SCRIPTS
    return [
        {
            "url": staticfiles_storage.url(name),
            "is_module": name.startswith("js/") and name != JOINED_SCRIPTS,
        }
        for name in names
    ]


def joined_styles(sources: dict[str, str]) -> str:
    """Return stylesheets as one, with URLs relative to where it is.

    sources: texts by name, in order.
    """
    texts = []
    for name, text in sources.items():

        def moved(match: re.Match[str], folder: str = posixpath.dirname(name)) -> str:
            target = posixpath.normpath(posixpath.join(folder, match["path"]))
            path = posixpath.relpath(target, posixpath.dirname(JOINED_STYLES))
            return f'url("{path}")'

        texts.append(RELATIVE_URL.sub(moved, text))
    return "\n".join(texts)


def joined_scripts(sources: dict[str, str]) -> str:
    """Return scripts as one, each strict and in a block, as if they were modules."""
    blocks = []
    for name, text in sources.items():
        is_ours = name.startswith("js/")
        blocks.append(f'(() => {{\n"use strict";\n{text}\n}})();' if is_ours else text)
    return "\n".join(blocks)


class PageAssetsStorage(CompressedManifestStaticFilesStorage):
    """Joins the pages' files before they are hashed and compressed."""

    joins_pages = True

    def url(self, name: str | None, force: bool = False) -> str:
        """Return a file's URL. It is found once: files stay as they are while a process runs."""
        if force or name is None:
            return super().url(name, force)
        if name not in self._urls:
            self._urls[name] = super().url(name)
        return self._urls[name]

    @cached_property
    def _urls(self) -> dict[str, str]:
        return {}

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[Any]:
        if not dry_run and set(STYLES) | set(SCRIPTS) <= paths.keys():
            for name, names, join in (
                (JOINED_STYLES, STYLES, joined_styles),
                (JOINED_SCRIPTS, SCRIPTS, joined_scripts),
            ):
                text = join({source: self._text(*paths[source]) for source in names})
                self._write(name, text)
                paths[name] = (self, name)
        yield from super().post_process(paths, dry_run=dry_run, **options)

    def _text(self, storage: Any, path: str) -> str:
        with storage.open(path) as source:
            return str(source.read().decode())

    def _write(self, name: str, text: str) -> None:
        """Write a file, unless it is there as it should be."""
        if self.exists(name):
            if self._text(self, name) == text:
                return
            self.delete(name)
        self._save(name, ContentFile(text.encode()))

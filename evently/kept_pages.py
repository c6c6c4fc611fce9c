"""Pages that look alike to many but for a few texts, such as the checkout of an event.

A process renders such a page once for all that it shows, with slots for what is one visitor's own:
tokens, names, links. For each visitor it is only filled. Pages that no two visitors have in common
are rendered as ever, with the same context.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import conditional_escape

from evently.kept import KeptByKey
from evently.page_parts import Frame, slot
from evently.pages import site
from evently.shared_pages import TOP, is_visitor, top_of, visitors_top

_frames: KeptByKey[Frame] = KeptByKey(8 * 1024 * 1024, size_of=lambda frame: frame.size)


@dataclass(frozen=True)
class KeptPage:
    """A page to be kept. name: which page it is. context: of its template, apart from `own`.

    key: all that it shows, apart from `own`. own: texts by the names under which the template shows
    them as they are, or asks whether they are there.
    """

    template: str
    name: Hashable
    key: Any
    context: Mapping[str, Any]
    own: Mapping[str, Any]

    def response(self, request: HttpRequest) -> HttpResponse:
        """Return the page for who sends the request; visitors without a login share its top."""
        path, is_shared = request.path, is_visitor(request)
        texts: dict[str, str] = {
            name: conditional_escape(text) for name, text in self.own.items() if text
        }

        def rendered() -> Frame:
            slots = {name: slot(name) for name in texts}
            parts = {TOP: visitors_top(path) if is_shared else slot(TOP)}
            context = {**self.context, **site(), **slots, "parts": parts}
            return Frame(render_to_string(self.template, context))

        name = (self.template, is_shared, frozenset(texts), self.name)
        frame = _frames.get(name, self.key, rendered)
        if TOP in frame.slots:
            texts[TOP] = top_of(request)
        return HttpResponse(frame.filled(texts))

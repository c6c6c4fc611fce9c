"""The rows of admin lists as HTML, with what is the same in all rows made once.

Unfold renders the headers of a list for each row anew, a template for each label and checkbox, and
some thirty classes for each cell: two thirds of a page's time, and of its bytes. Here the cells
have one class each, and static/css/admin-lists.css styles them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import lookup_field
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.models import Model
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from unfold.admin import checkbox
from unfold.templatetags.unfold_list import result_headers
from unfold.utils import display_for_field, display_for_label, display_for_value

CHECKBOX = "action_checkbox"
ROW_ID = "{row id}"


@dataclass(frozen=True)
class Column:
    """One column of a list: its name in `list_display`, and what its cells begin and end with."""

    name: str
    start: SafeString
    end: SafeString
    is_link: bool
    text_of: Callable[[Any], str]


class Table:
    """The headers and rows of one page of a list."""

    def __init__(self, changelist: ChangeList) -> None:
        self.changelist = changelist
        self.headers: list[dict[str, Any]] = list(result_headers(changelist))

    @property
    def sorted_columns(self) -> int:
        return sum(bool(header.get("sorted")) for header in self.headers)

    def rows(self) -> Iterator[SafeString]:
        """Yield the cells of each row."""
        columns = self._columns
        for row in self.changelist.result_list:
            yield mark_safe(  # noqa: S308 - joins escaped cells
                "".join(self._cell(column, row) for column in columns)
            )

    @cached_property
    def _columns(self) -> list[Column]:
        linked = self.changelist.list_display_links
        names = [str(name) for name in self.changelist.list_display]
        first = [name for name in names if name != CHECKBOX][:1]
        links = [] if linked is None else [str(name) for name in linked or first]
        columns = []
        for name, header in zip(names, self.headers, strict=True):
            is_link = name in links
            tag = "th" if is_link and name == links[0] else "td"
            css = "action-checkbox" if name == CHECKBOX else f"field-{name}"
            label = "" if name == CHECKBOX else capfirst(header["text"])
            start = format_html('<{} class="{}" data-label="{}">', tag, css, label)
            columns.append(
                Column(name, start, format_html("</{}>", tag), is_link, self._text_of(name))
            )
        return columns

    def _cell(self, column: Column, row: Model) -> str:
        text = conditional_escape(column.text_of(row))
        if column.is_link:
            text = format_html('<a href="{}">{}</a>', self._url(row), text)
        return f"{column.start}{text}{column.end}"

    def _url(self, row: Model) -> str:
        changelist = self.changelist
        context: Any = {"preserved_filters": changelist.preserved_filters, "opts": changelist.opts}
        url: str = add_preserved_filters(context, changelist.url_for_result(row))
        return url

    def _text_of(self, name: str) -> Callable[[Any], str]:
        """Return the function for the text of a row's cell: of a field, or of a method."""
        model_admin = self.changelist.model_admin
        empty = model_admin.get_empty_value_display()
        if name == CHECKBOX:
            return _checkbox
        try:
            field: Any = self.changelist.lookup_opts.get_field(name)
        except FieldDoesNotExist:
            field = None
        if field is not None and not field.remote_field:
            return lambda row: display_for_field(getattr(row, name), field, empty)
        method = getattr(model_admin, name, None)
        label = getattr(method, "label", None)
        styles = tuple(label.items()) if isinstance(label, dict) else ()
        boolean = getattr(method, "boolean", False)

        def text(row: Model) -> str:
            try:
                value = method(row) if method else lookup_field(name, row, model_admin)[2]
            except ObjectDoesNotExist:
                return str(empty)
            if label:
                return _label(value, styles)
            return str(display_for_value(value, empty, boolean))

        return text


@lru_cache(maxsize=500)
def _label(value: Any, styles: tuple[tuple[str, str], ...]) -> str:
    """Return a coloured label, its style by text; few texts are shown over and over."""
    return str(display_for_label(value, "", dict(styles) or True))


@lru_cache(maxsize=1)
def _any_checkbox() -> str:
    return str(checkbox.render(ACTION_CHECKBOX_NAME, ROW_ID))


def _checkbox(row: Model) -> SafeString:
    return mark_safe(_any_checkbox().replace(ROW_ID, str(row.pk)))  # noqa: S308 - a key

"""Admin lists whose cost does not grow with their tables.

A list counts its rows once, and no further than it shows them; `?after=` begins a list after a row
(`evently.cursors`), which makes all rows reachable without reading those before.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR
from django.contrib.admin.views.main import ChangeList as BaseChangeList
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.text import capfirst
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from evently.cursors import CursorInvalid, after, decode, encode

AFTER = "after"
MOST_COUNTED = 10_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of the first rows of a list.

    Counting a million rows takes longer than showing some, and so does skipping them: from `most`
    rows on, it is only known that there are more.
    """

    template_name = "admin/pages.html"
    most = MOST_COUNTED

    @cached_property
    def _counted(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        # Without annotations and order, which say nothing about the number.
        return rows.order_by().values("pk")[: self.most + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.most)

    @property
    def is_capped(self) -> bool:
        """Whether there are more rows than are counted and paged."""
        return self._counted > self.most

    def page(self, number: int | str) -> "Page[Any]":
        """Return a page, for which only the ids of the rows before it are read."""
        page = super().page(number)
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        found = list(page.object_list.values_list("pk", flat=True))  # type: ignore[attr-defined]
        page.object_list = rows.filter(pk__in=found)
        return page


class SingleCountChangeList(ChangeList):
    """A list that counts the rows it shows, and not the whole table as well.

    A second count gets slower with every row ever written; and Unfold's header would show it
    beside the first, so a list of one event would reveal the number of rows of all events.
    """

    page_num: int

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.after: str = request.GET.get(AFTER, "")
        super().__init__(request, *args, **kwargs)
        # Instead of "Select booking to change".
        self.title = capfirst(self.opts.verbose_name_plural)

    @property
    def is_capped(self) -> bool:
        return isinstance(self.paginator, CappedPaginator) and self.paginator.is_capped

    @property
    def counted(self) -> str:
        return f"{self.result_count:,}"

    @property
    def next_url(self) -> str:
        """Return the link to the rows after the last page of a capped list; "" elsewhere."""
        ordering = _plain(self.queryset)
        rows = self.result_list
        if not self.is_capped or self.page_num < self.paginator.num_pages or not ordering:
            return ""
        cursor = encode(rows[len(rows) - 1], ordering, backwards=False)
        return str(super().get_query_string({AFTER: cursor}, remove=[PAGE_VAR]))

    @property
    def first_url(self) -> str:
        """Return the link to the list from its first row on."""
        return str(super().get_query_string(remove=[AFTER, PAGE_VAR]))

    def get_results(self, request: HttpRequest) -> None:
        # There are no pages further down; the last one leads on.
        self.page_num = min(self.page_num, -(-CappedPaginator.most // self.list_per_page))
        super().get_results(request)
        if not self.model_admin.show_full_result_count:
            self.full_result_count = self.result_count

    def get_filters_params(self, params: Any = None) -> Any:
        """Leave out what is no filter."""
        found = super().get_filters_params(params)
        found.pop(AFTER, None)
        return found

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        """Return a link within this list; those of other filters and orders begin at its top."""
        stays = set(new_params or ()) <= {PAGE_VAR}
        return str(
            super().get_query_string(new_params, [*(remove or ()), *([] if stays else [AFTER])])
        )

    def get_ordering_field(self, field_name: Any) -> Any:
        """Ignore columns that cannot be sorted by, whatever the address says."""
        if self.sortable_by is not None and field_name not in self.sortable_by:
            return None
        return super().get_ordering_field(field_name)

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Return the rows, from the one on that the address names."""
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        if not self.after:
            return rows
        ordering = _plain(rows)
        try:
            _, values = decode(self.after, rows, ordering)
        except CursorInvalid as error:
            raise IncorrectLookupParameters from error
        return rows.filter(after(ordering, values)) if ordering else rows

    def url_for_result(self, result: Any) -> str:
        """Return the page that a row opens: the one its admin names, or the form."""
        url: str | None = self.model_admin.row_url(result)
        return url or super().url_for_result(result)


def estimated_rows(model: type[Model]) -> int:
    """Return the planner's estimate of the number of rows of a table, with its partitions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class"
            " WHERE relkind = 'r' AND (oid = %s::regclass"
            " OR oid IN (SELECT relid FROM pg_partition_tree(%s::regclass)))",
            [model._meta.db_table] * 2,
        )
        return int(cursor.fetchone()[0])


def _plain(rows: QuerySet[Any]) -> tuple[str, ...]:
    """Return the order of rows by columns that are never null, the id last; () for another."""
    names = [name for name in rows.query.order_by if isinstance(name, str)]
    if len(names) < len(rows.query.order_by):
        return ()
    columns = [name.replace("pk", "id") if name in ("pk", "-pk") else name for name in names]
    ids = [place for place, name in enumerate(columns) if name in ("id", "-id")]
    # What follows a unique column decides nothing.
    columns = columns[: ids[0] + 1] if ids else []
    for name in columns:
        try:
            field: Any = rows.model._meta.get_field(name.removeprefix("-"))
        except FieldDoesNotExist:
            return ()
        if field.null or field.remote_field:
            return ()
    return tuple(columns)


class ListedAdmin(ModelAdmin):
    """A ModelAdmin whose list counts its rows once; the base of all our admins.

    sorted_by: the columns by which a table of many rows can be sorted, those that have an index;
    None for all columns, where it stays small. A table of up to MOST_COUNTED rows, by the
    database's estimate, is sorted by any column.
    """

    show_full_result_count = False
    change_list_template = "admin/list.html"
    paginator = CappedPaginator
    sorted_by: Sequence[str] | None = None

    def row_url(self, row: Any) -> str | None:
        """Return the URL that a row of the list opens, or None for its form."""
        return None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BaseChangeList]:
        return SingleCountChangeList

    def get_sortable_by(self, request: HttpRequest) -> Any:
        if self.sorted_by is None or estimated_rows(self.model) <= MOST_COUNTED:
            return super().get_sortable_by(request)
        return self.sorted_by

"""Reading a model's rows from a view that has its columns, and more rows than its table."""

from typing import Any, TypeVar, cast

from django.db import models
from django.db.models.sql import Query
from django.db.models.sql.datastructures import BaseTable

Rows = TypeVar("Rows", bound="models.QuerySet[Any]")


def read_from(view: str, rows: Rows) -> Rows:
    """Return a queryset that reads a view instead of its model's table; it cannot write.

    rows: not filtered yet, but maybe ordered. The view goes by the name of the table, so all of the
    ORM applies.
    """
    if rows.query.alias_map:
        raise ValueError("read_from() comes before filters.")

    class View(BaseTable):
        def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
            alias = compiler.quote_name_unless_alias(self.table_alias)
            return f"{connection.ops.quote_name(view)} {alias}", ()

    class ViewQuery(Query):
        base_table_class = View

    clone: Any = rows.all()
    clone.query = clone.query.chain(klass=ViewQuery)
    return cast("Rows", clone)

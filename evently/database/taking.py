"""A cursor whose prepared statement takes a role in the same round trip.

Statements that are prepared cannot share a message, so two of them are sent one right after the
other, and the server answers both together. Outside of a transaction they are one: the role ends
with it. Psycopg's own pipelines do the same, but lose their way where that transaction fails as it
commits, on a deferred constraint: after the results of both statements comes an error then.
"""

from functools import lru_cache
from typing import Any

from psycopg import Cursor, OperationalError
from psycopg._preparing import Prepare
from psycopg._queries import PostgresQuery
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.generators import fetch, send
from psycopg.pq import ConnStatus, ExecStatus

from evently.database.identity import TAKE

# With methods that its types leave out.
PlainCursor: Any = Cursor


class TakingCursor(PlainCursor):
    """A cursor for one prepared statement. take: the values of `TAKE`; None where it is taken."""

    take: tuple[str, ...] | None = None

    def _maybe_prepare_gen(self, pgq: Any, **options: Any) -> Any:
        if self.take is None:
            yield from super()._maybe_prepare_gen(pgq, **options)
            return
        taking = _taking(self.take)
        prepared, server = self._conn._prepared, self._pgconn
        server.enter_pipeline_mode()
        try:
            sent = []
            for query in (taking, pgq):
                should, name = self._get_prepared(query, True)
                if should is Prepare.SHOULD:
                    self._send_prepare(name, query)
                self._send_query_prepared(name, query)
                key = prepared.maybe_add_to_cache(query, should, name)
                sent.append((key, should, name))
            server.pipeline_sync()
            results = yield from _answers(server)
        finally:
            _end_pipeline(self._conn, server)
        failed = next((one for one in results if one.status == ExecStatus.FATAL_ERROR), None)
        for key, should, name in sent:
            if key is not None:
                prepared.validate(key, should, name, [failed or results[-1]])
        if failed is not None:
            raise error_from_result(failed, encoding=self._encoding)
        self._set_results(results[-1:])


@lru_cache(maxsize=1024)
def _taking(values: tuple[str, ...]) -> PostgresQuery:
    """Return `TAKE` with its values as they are sent: a page sends it several times."""
    query = PostgresQuery(Transformer())
    query.convert(TAKE, values)
    return query


def _answers(server: Any) -> Any:
    """Return all results up to the end of the pipeline, one for each command and error."""
    yield from send(server)
    results: list[Any] = []
    while True:
        result = yield from fetch(server)
        if result is None:
            if server.status == ConnStatus.BAD:
                raise OperationalError("The connection was lost.")
        elif result.status == ExecStatus.PIPELINE_SYNC:
            return results
        else:
            results.append(result)


def _end_pipeline(connection: Any, server: Any) -> None:
    """Leave the mode, or the connection where answers are missing, which nobody could use."""
    try:
        server.exit_pipeline_mode()
    except OperationalError:
        connection.close()

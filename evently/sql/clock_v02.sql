-- The clock that all triggers and operations read; tests replace it to travel in time.
--
-- STABLE, so that indexes can be searched by it. It moves on within a transaction, from one
-- statement to the next. In PL/pgSQL, since a STABLE function in SQL that calls a VOLATILE one is
-- not inlined, and takes four times as long for each row that is filtered by it.
CREATE OR REPLACE FUNCTION evently_clock() RETURNS timestamptz LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS 'BEGIN RETURN clock_timestamp(); END';

COMMENT ON FUNCTION evently_clock() IS 'The one clock; only the owner can set it (tests do).';

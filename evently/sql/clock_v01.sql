-- The clock that all triggers and operations read; tests replace it to travel in time.
--
-- STABLE, so that indexes can be searched by it. It moves on within a transaction, from one
-- statement to the next.
CREATE OR REPLACE FUNCTION evently_clock() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    AS 'SELECT clock_timestamp()';

COMMENT ON FUNCTION evently_clock() IS 'The one clock; only the owner can set it (tests do).';

"""Functions that all tables stand on: ids ordered by time, and the clock."""

from django.db import migrations

# PostgreSQL 18 has uuidv7(); before it, the same is put together from a random one.
FORWARD = """
-- STABLE, so that an index is searched by it, and that an UPDATE which says it can run on many
-- machines. Time still goes on inside a transaction, from one statement to the next.
CREATE FUNCTION evently_clock() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    AS 'SELECT clock_timestamp()';
COMMENT ON FUNCTION evently_clock() IS 'The one clock; only the owner can set it (tests do).';

DO $do$
BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        CREATE FUNCTION evently_uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
            AS 'SELECT uuidv7()';
    ELSE
        CREATE FUNCTION evently_uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $f$
            SELECT encode(
                set_bit(set_bit(
                    overlay(
                        uuid_send(gen_random_uuid())
                        PLACING substring(int8send(
                            floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                        FROM 1 FOR 6),
                    52, 1), 53, 1),
                'hex')::uuid
        $f$;
    END IF;
END
$do$;
"""

REVERSE = """
DROP FUNCTION evently_uuid7();
DROP FUNCTION evently_clock();
"""


class Migration(migrations.Migration):
    """Ids and the clock."""

    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [migrations.RunSQL(FORWARD, REVERSE)]

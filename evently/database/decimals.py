"""For migrations: columns of `numeric(10,2)` become `numeric`, which rewrites and reads no rows.

Checks on the columns would be read again, and triggers that name them forbid the change. So both
are dropped and added as they were, the checks NOT VALID; `validate_checks` in the next migration
reads the rows while others write.
"""

from django.db.migrations import RunSQL

ALTER = """
DO $migration$
DECLARE
    table_id oid := '{table}'::regclass;
    columns smallint[] := (SELECT array_agg(attnum) FROM pg_attribute
        WHERE attrelid = table_id AND attname = ANY (ARRAY[{names}]));
    checks text[] := ARRAY(SELECT format('ADD CONSTRAINT %I %s NOT VALID', conname,
            regexp_replace(pg_get_constraintdef(oid), ' NOT VALID$', '')) FROM pg_constraint
        WHERE conrelid = table_id AND contype = 'c' AND conkey && columns ORDER BY conname);
    dropped text[] := ARRAY(SELECT format('DROP CONSTRAINT %I', conname) FROM pg_constraint
        WHERE conrelid = table_id AND contype = 'c' AND conkey && columns ORDER BY conname);
    triggers oid[] := ARRAY(SELECT DISTINCT d.objid FROM pg_depend d
        WHERE d.classid = 'pg_trigger'::regclass AND d.refclassid = 'pg_class'::regclass
            AND d.refobjid = table_id AND d.refobjsubid = ANY (columns));
    statements text[] := ARRAY(SELECT pg_get_triggerdef(oid) FROM pg_trigger
        WHERE oid = ANY (triggers));
    statement text;
BEGIN
    FOR statement IN SELECT format('DROP TRIGGER %I ON {table}', tgname) FROM pg_trigger
        WHERE oid = ANY (triggers)
    LOOP
        EXECUTE statement;
    END LOOP;
    FOREACH statement IN ARRAY dropped LOOP
        EXECUTE 'ALTER TABLE {table} ' || statement;
    END LOOP;
    ALTER TABLE {table} {alterations};
    FOREACH statement IN ARRAY checks LOOP
        EXECUTE 'ALTER TABLE {table} ' || statement;
    END LOOP;
    FOREACH statement IN ARRAY statements LOOP
        EXECUTE statement;
    END LOOP;
END
$migration$;
"""

VALIDATE = """
DO $migration$
DECLARE
    statement text;
BEGIN
    FOR statement IN SELECT format('ALTER TABLE {table} VALIDATE CONSTRAINT %I', conname)
        FROM pg_constraint
        WHERE conrelid = '{table}'::regclass AND contype = 'c' AND NOT convalidated
    LOOP
        EXECUTE statement;
    END LOOP;
END
$migration$;
"""


def without_scale(table: str, *columns: str) -> RunSQL:
    """Return the operation that lets columns of numeric(10,2) have any decimals."""
    return RunSQL(_alter(table, columns, "numeric"), _alter(table, columns, "numeric(10,2)"))


def validate_checks(table: str) -> RunSQL:
    """Return the operation that validates all checks of a table."""
    return RunSQL(VALIDATE.format(table=table), RunSQL.noop)


def _alter(table: str, columns: tuple[str, ...], type_: str) -> str:
    return ALTER.format(
        table=table,
        names=", ".join(f"'{column}'" for column in columns),
        alterations=", ".join(f"ALTER COLUMN {column} TYPE {type_}" for column in columns),
    )

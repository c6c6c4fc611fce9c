-- Replace the values of hidden columns by '[redacted]'; NULLs stay.
CREATE OR REPLACE FUNCTION audit_redacted(record jsonb, hidden text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT record || jsonb_object_agg(name, '[redacted]') FROM unnest(hidden) AS name
    WHERE record -> name <> 'null'
$$;

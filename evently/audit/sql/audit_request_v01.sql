-- Return the id of the current request, or ''.
CREATE OR REPLACE FUNCTION audit_request() RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT left(coalesce(current_setting('evently.request_id', true), ''), 200)
$$;

-- Return which part of the application makes the change; 'sql' where none is named.
CREATE OR REPLACE FUNCTION audit_via() RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN current_setting('evently.via', true)
        IN ('page', 'api', 'admin', 'task', 'shell')
        THEN current_setting('evently.via', true) ELSE 'sql' END
$$;

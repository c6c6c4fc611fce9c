-- Return who makes the change: the user named by the application, or the role logged in.
CREATE OR REPLACE FUNCTION audit_actor() RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT left(coalesce(nullif(current_setting('evently.actor', true), ''), session_user), 200)
$$;

-- Which function of the lifecycle is moving rows in this transaction: archive, cold, restore or
-- expire; NULL for none. Triggers ask it, for any role; none but the owner writes the table that it
-- reads.
CREATE OR REPLACE FUNCTION evently_retiring() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mode FROM secrets.retiring WHERE xid = pg_current_xact_id_if_assigned()
$$;

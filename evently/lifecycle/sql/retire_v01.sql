-- Begin to move rows in this transaction, or end it (mode NULL); for functions of the owner only.
CREATE OR REPLACE FUNCTION evently_retire(new_mode text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM secrets.retiring WHERE xid = pg_current_xact_id();
    IF new_mode IS NOT NULL THEN
        INSERT INTO secrets.retiring (xid, mode) VALUES (pg_current_xact_id(), new_mode);
    END IF;
END
$$;

REVOKE ALL ON FUNCTION evently_retire(text) FROM PUBLIC;

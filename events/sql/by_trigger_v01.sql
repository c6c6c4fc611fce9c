-- Whether this runs inside a trigger with the rights of the table's owner: the ledger, the
-- waitlist, and cascades. A client cannot get there, as it owns no table.
CREATE OR REPLACE FUNCTION evently_by_trigger(tbl oid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN pg_trigger_depth() > 1
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = tbl);
END
$$;

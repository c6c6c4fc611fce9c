-- Raise a check violation under a constraint name, which the application maps to its error.
CREATE OR REPLACE FUNCTION evently_refuse(event uuid, reason text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'seats of event % refused: %', event, reason
        USING ERRCODE = 'check_violation', CONSTRAINT = reason;
END
$$;

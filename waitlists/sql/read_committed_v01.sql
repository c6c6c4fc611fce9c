-- Refuse isolation levels above READ COMMITTED. What waits for a lock must then see what was
-- committed meanwhile; otherwise a waitlist would be ranked without its newest entries.
CREATE OR REPLACE FUNCTION evently_read_committed() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'seats and the line change in READ COMMITTED transactions only'
            USING ERRCODE = 'invalid_transaction_state', CONSTRAINT = 'trg_read_committed';
    END IF;
END
$$;

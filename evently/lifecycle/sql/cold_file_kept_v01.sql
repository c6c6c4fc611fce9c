-- Keep the list of cold storage true: what a file holds is fixed once it is stored, and the file is
-- listed until its time is over. Only the functions that move rows change its state.
CREATE OR REPLACE FUNCTION evently_cold_file_kept() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state = 'writing' OR (OLD.state = 'stored' AND OLD.delete_after <= evently_clock())
        THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        IF NEW.state = 'writing' THEN
            RETURN NEW;
        END IF;
    ELSIF evently_retiring() IS NOT NULL OR (OLD.state = 'writing' AND NEW.state = 'writing') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'file % of cold storage cannot change like this', coalesce(NEW.id, OLD.id)
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_cold_kept';
END
$$;

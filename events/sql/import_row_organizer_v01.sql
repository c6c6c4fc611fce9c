-- Give a row of an import the organizer of its import, whatever a client writes.
CREATE OR REPLACE FUNCTION evently_import_row_organizer() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    SELECT organizer_id INTO NEW.organizer_id FROM event_imports WHERE id = NEW.batch_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no import %', NEW.batch_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'fk_event_import_rows_batch';
    END IF;
    RETURN NEW;
END
$$;

-- Set updated_at.
CREATE OR REPLACE FUNCTION template_updated() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.updated_at := evently_clock();
    RETURN NEW;
END
$$;

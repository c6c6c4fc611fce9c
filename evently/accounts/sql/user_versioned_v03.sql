-- Raise a user's version when something changes that people edit, the pending deletion included.
-- Logging in and using a link do not count as edits.
CREATE OR REPLACE FUNCTION user_versioned() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.id := OLD.id;
    NEW.created_at := OLD.created_at;
    NEW.updated_at := evently_clock();
    NEW.version := OLD.version;
    IF (NEW.email, NEW.name, NEW.role, NEW.is_active, NEW.is_superuser, NEW.preferences,
        NEW.timezone, NEW.deleted_at, NEW.deletion_due_at)
        IS DISTINCT FROM
       (OLD.email, OLD.name, OLD.role, OLD.is_active, OLD.is_superuser, OLD.preferences,
        OLD.timezone, OLD.deleted_at, OLD.deletion_due_at)
    THEN
        NEW.version := OLD.version + 1;
    END IF;
    RETURN NEW;
END
$$;

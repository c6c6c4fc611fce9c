-- Refuse changes to a version of an email template; a change is a new version.
CREATE OR REPLACE FUNCTION template_frozen() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'version % of template % cannot be changed, only followed by another',
        OLD.version, OLD.template_type
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_template_frozen';
END
$$;

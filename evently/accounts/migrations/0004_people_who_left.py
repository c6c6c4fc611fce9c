"""Nothing new for a person who has left: what other apps' triggers ask of the one they refer to."""

from django.db import migrations

from evently.database.sql import function_and_triggers

PERSON = """
-- For deferred constraint triggers, beside the foreign key. Erasing a person locks their row, so
-- what was written meanwhile waits here at its commit, and then sees that they are gone. Who was
-- never there is the foreign key's to refuse.
CREATE FUNCTION evently_person_is_here() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone timestamptz;
    stands boolean;
BEGIN
    SELECT deleted_at INTO gone FROM users WHERE id = NEW.user_id FOR KEY SHARE;
    IF gone IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id = $1 AND event_id = $2 AND status = $3)',
        TG_TABLE_NAME) INTO stands USING NEW.id, NEW.event_id, NEW.status;
    IF stands THEN
        RAISE EXCEPTION 'person % has left', NEW.user_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'trg_person_left';
    END IF;
    RETURN NULL;
END
$$;
"""


class Migration(migrations.Migration):
    """Those who left stay away."""

    dependencies = [("accounts", "0003_admin_log_cascade")]
    operations = [function_and_triggers(PERSON, functions=("evently_person_is_here()",))]

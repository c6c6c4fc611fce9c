-- Refuse changes of what a notification says, to whom, and when. Its text is erased with its person:
-- it may repeat what an organizer wrote about them.
CREATE OR REPLACE FUNCTION notification_frozen() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.message = '(erased)'
        AND (NEW.id, NEW.user_id, NEW.event_id, NEW.type, NEW.data, NEW.created_at)
            IS NOT DISTINCT FROM
            (OLD.id, OLD.user_id, OLD.event_id, OLD.type, OLD.data, OLD.created_at)
        AND EXISTS (
            SELECT FROM users WHERE id = OLD.user_id
                AND (deletion_started_at IS NOT NULL OR deleted_at IS NOT NULL))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what notification % says, to whom and when, cannot be changed', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_notifications_frozen';
END
$$;

-- Fill in event and kind of an email where they are missing: releases that know neither column run
-- until a deployment is complete.
CREATE OR REPLACE FUNCTION evently_delivery_event() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    NEW.event_id := coalesce(NEW.event_id, (NEW.metadata ->> 'eventId')::uuid);
    IF NEW.kind = '' THEN
        NEW.kind := coalesce(
            (SELECT type FROM notifications
             WHERE id = NEW.notification_id AND user_id = NEW.user_id LIMIT 1),
            nullif(NEW.template_type, 'notification'), '');
    END IF;
    RETURN NEW;
END
$$;

-- Write messages, each once per user and key, and return the ids of the new notifications.
--
-- messages: objects with id, user_id, key, event_id, type, message, channels and data, as
-- `notifications.operations.inserting` makes them; NULL for none. They are due at once.
CREATE OR REPLACE FUNCTION evently_notify(messages jsonb) RETURNS uuid[]
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    written uuid[];
BEGIN
    WITH wanted AS (
        SELECT * FROM jsonb_to_recordset(messages) AS message(
            id uuid, user_id uuid, key text, event_id uuid, type text, message text,
            channels jsonb, data jsonb)
    ), fresh AS (
        INSERT INTO message_keys (user_id, key, notification_id)
        SELECT user_id, key, id FROM wanted ORDER BY user_id, key
        ON CONFLICT (user_id, key) DO NOTHING
        RETURNING notification_id
    ), made AS (
        INSERT INTO notifications
            (id, user_id, event_id, type, message, channels, data, read, next_attempt_at)
        SELECT id, user_id, event_id, type, message, channels, data,
            NOT channels @> '["in_app"]', evently_clock()
        FROM wanted JOIN fresh ON fresh.notification_id = wanted.id
        RETURNING id
    )
    SELECT array_agg(id) INTO written FROM made;
    RETURN coalesce(written, '{}');
END
$$;

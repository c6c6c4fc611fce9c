-- What a message to attendees says, for a person who was sent it.
CREATE OR REPLACE FUNCTION evently_received_message(event uuid, message uuid)
    RETURNS TABLE (subject text, body text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT m.subject, m.body FROM organizer_messages m
    WHERE m.event_id = event AND m.id = message AND EXISTS (
        SELECT FROM message_keys k
        WHERE k.user_id = nullif(current_setting('evently.user_id', true), '')::uuid
            AND k.key = 'organizer_message:' || message)
$$;

-- The messages to an event's attendees that a person was sent, whoever they were for. is_named:
-- whether it was for some bookings only, of which the given one is one.
CREATE OR REPLACE FUNCTION evently_received_messages(event uuid, booking uuid)
    RETURNS TABLE (id uuid, subject text, audience text, is_named boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT m.id, m.subject, m.audience, coalesce(m.booking_ids ? booking::text, false)
    FROM organizer_messages m
    WHERE m.event_id = event AND EXISTS (
        SELECT FROM message_keys k
        WHERE k.user_id = nullif(current_setting('evently.user_id', true), '')::uuid
            AND k.key = 'organizer_message:' || m.id)
$$;

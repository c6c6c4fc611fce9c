-- The bookings of an event, cancelled and archived ones too, with the names and addresses of those who made
-- them, as sealed as they are stored, and their keys.
--
-- For whom organizes or manages the event, which is looked at once, and not for each person; and for those
-- roles that see everything.
CREATE OR REPLACE FUNCTION evently_attendees(event uuid)
    RETURNS TABLE (booking uuid, status text, person uuid, name text, email text, wrapped_key bytea,
        wrapping_key_name text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, keys, pg_temp AS $$
    SELECT b.id, b.status, u.id, u.name, u.email, k.wrapped_key, k.wrapping_key_name
    FROM (
        SELECT id, status, user_id FROM bookings WHERE event_id = event
        UNION ALL
        SELECT id, status, user_id FROM bookings_archive WHERE event_id = event
    ) b
    JOIN users u ON u.id = b.user_id LEFT JOIN keys.person_keys k ON k.user_id = u.id
    WHERE evently_manages(event) OR current_setting('role') IN ('evently_worker', 'evently_superuser')
$$;
REVOKE ALL ON FUNCTION evently_attendees(uuid) FROM PUBLIC;

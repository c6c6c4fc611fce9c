-- What is public of the organizer of an event, as JSON: the sealed name and its key; the sealed
-- address where they chose to show it. NULL for an event that is not public, but for those who
-- manage it or see all events.
CREATE OR REPLACE FUNCTION evently_organizer(event uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, keys, pg_temp AS $$
    SELECT json_build_object(
        'id', u.id, 'name', u.name, 'is_active', u.is_active,
        'email', CASE WHEN e.shows_organizer_email THEN u.email ELSE '' END,
        'is_verified', u.email_verified_at IS NOT NULL,
        'key', encode(k.wrapped_key, 'base64'), 'key_name', k.wrapping_key_name)::text
    FROM events e JOIN users u ON u.id = e.created_by_id
    LEFT JOIN keys.person_keys k ON k.user_id = u.id
    WHERE e.id = event AND (
        e.published_at IS NOT NULL
        OR current_setting('role') IN ('evently_worker', 'evently_superuser')
        OR evently_manages(e.id))
$$;

-- What changes when the public name or address of a published event's organizer does: a value that
-- says nothing about them. NULL for an event that is not public.
CREATE OR REPLACE FUNCTION evently_organizer_state(event uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, keys, pg_temp AS $$
    SELECT concat_ws(' ', u.version, u.email_verified_at, k.wrapping_key_name)
    FROM events e JOIN users u ON u.id = e.created_by_id
    LEFT JOIN keys.person_keys k ON k.user_id = u.id
    WHERE e.id = event AND e.published_at IS NOT NULL
$$;

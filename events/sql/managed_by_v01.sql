-- The events of others that a person is a manager of.
CREATE OR REPLACE FUNCTION evently_managed_by(person uuid) RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT array_agg(event_id ORDER BY event_id) FROM event_staff
    WHERE user_id = person AND role = 'manager'
$$;

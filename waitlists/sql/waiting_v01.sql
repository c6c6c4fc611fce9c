-- How many entries wait for an event.
CREATE OR REPLACE FUNCTION evently_waiting(event uuid) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT count(*) FROM waitlists WHERE event_id = event AND status = 'waiting'
$$;

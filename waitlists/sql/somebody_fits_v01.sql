-- Whether an entry is waiting that accepts this many seats. The only definition of "fits".
CREATE OR REPLACE FUNCTION evently_somebody_fits(event uuid, free_seats int) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM waitlists
        WHERE event_id = event AND status = 'waiting' AND min_quantity <= free_seats)
$$;

REVOKE ALL ON FUNCTION evently_somebody_fits(uuid, int) FROM PUBLIC;

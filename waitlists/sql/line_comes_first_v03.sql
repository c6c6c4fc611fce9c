-- Whether free seats of an event are the waitlist's: a confirmed entry accepts so many, or one
-- reserves. No offers are made in the last five minutes, so that free seats are on sale again. While
-- a draw is pending, all seats wait for it.
--
-- The only definition of "waitlist first"; `waitlists.choosing.may_sell_to_public` is the same rule
-- without a database.
CREATE OR REPLACE FUNCTION evently_line_comes_first(e events, free_seats int) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN e.draw_closes_at IS NOT NULL OR evently_clock() <= evently_line_closes_at(e) - interval '5 minutes'
        -- The smallest is one look at an index; for EXISTS, a waitlist in which none fits may be read
        -- as a whole.
        AND (coalesce((
            SELECT min(min_quantity) FROM waitlists
            WHERE event_id = e.id AND status = 'waiting' AND confirmed_at IS NOT NULL
            ) <= free_seats, false)
            OR evently_reserving(e) IS NOT NULL);
END
$$;

REVOKE ALL ON FUNCTION evently_line_comes_first(events, int) FROM PUBLIC;

-- The next rise of a published event's price that its rule announces: the price, and how many seats
-- are taken by then. No row where there is none, the organizer does not announce it, or the event is
-- cancelled, completed, or waits for a draw.
CREATE OR REPLACE FUNCTION evently_next_price(event uuid)
    RETURNS TABLE (price numeric, at_taken integer)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT r.next_price, r.next_at_taken
    FROM pricing_rules r JOIN events e ON e.id = r.event_id
    WHERE r.event_id = event AND e.published_at IS NOT NULL AND e.status = 'active'
        AND e.draw_closes_at IS NULL AND r.enabled
        AND r.suspended_at IS NULL AND r.announces_next AND r.next_price IS NOT NULL
$$;

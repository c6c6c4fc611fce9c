-- Whether an entry whose offer has ended may wait on, at its old place: only for the seats that it
-- asked for and was not offered. Having taken all that were offered, it waits for the rest; having
-- declined, it needs more than that from now on.
CREATE OR REPLACE FUNCTION evently_waits_on(was waitlists, becomes waitlists) RETURNS boolean
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    offer waitlist_promotions;
BEGIN
    SELECT * INTO offer FROM waitlist_promotions
        WHERE event_id = was.event_id AND waitlist_id = was.id
        ORDER BY promoted_at DESC, id DESC LIMIT 1;
    RETURN coalesce(CASE offer.status
        WHEN 'used' THEN coalesce(offer.accepted_quantity, offer.quantity) = offer.quantity
            AND becomes.quantity <= was.quantity - offer.quantity
        WHEN 'declined' THEN becomes.min_quantity > offer.quantity
        ELSE false
    END, false);
END
$$;

-- The seat ledger for promotions: a pending one holds its seats. Limits are not checked again; the
-- waitlist entry counted towards them. The order in which they are made is kept, and recorded; so is a
-- later end.
CREATE OR REPLACE FUNCTION evently_ledger_promotions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    made waitlist_promotions[];
    ended waitlist_promotions[];
    moved waitlist_promotions[];
    change evently_seat_change;
    event events;
    mine waitlist_promotions[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(n) INTO made FROM new_rows n WHERE status = 'pending';
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(o) INTO ended FROM old_rows o WHERE status = 'pending';
    ELSE
        -- A promotion keeps its seats, and never holds any again once it has ended.
        SELECT array_agg(n) INTO ended FROM new_rows n
            JOIN old_rows o ON o.id = n.id AND o.status = 'pending' AND n.status <> 'pending';
        SELECT array_agg(n) INTO moved FROM new_rows n
            JOIN old_rows o ON o.id = n.id AND o.first_expires_at IS NULL
            WHERE n.first_expires_at IS NOT NULL;
        IF moved IS NOT NULL THEN
            PERFORM evently_offers_moved(moved);
        END IF;
    END IF;

    FOR change IN
        SELECT p.event_id, sum(p.quantity), 0 FROM unnest(made) p GROUP BY p.event_id
        UNION ALL SELECT p.event_id, -sum(p.quantity), 0 FROM unnest(ended) p GROUP BY p.event_id
        ORDER BY 1
    LOOP
        event := evently_move_seats(change.event_id, change.net);
        IF event.id IS NULL THEN
            CONTINUE WHEN change.net <= 0;
            PERFORM evently_refuse(change.event_id, 'trg_seats_available');
        END IF;
        IF change.net > 0 THEN
            IF NOT evently_line_is_open(event) THEN
                PERFORM evently_refuse(event.id, 'trg_sales_open');
            END IF;
            SELECT array_agg(p) INTO mine FROM unnest(made) p WHERE p.event_id = event.id;
            IF EXISTS (SELECT FROM unnest(mine) p
                WHERE p.expires_at > evently_line_closes_at(event))
            THEN
                PERFORM evently_refuse(event.id, 'trg_promotion_time');
            END IF;
            PERFORM evently_offers_made(event, mine);
        ELSE
            SELECT array_agg(p) INTO mine FROM unnest(ended) p WHERE p.event_id = event.id;
            PERFORM evently_offers_ended(event, mine, TG_OP = 'DELETE');
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

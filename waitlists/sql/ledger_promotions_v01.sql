-- The seat ledger for promotions: a pending one holds its seats. Limits are not checked again; the
-- waitlist entry counted towards them.
CREATE OR REPLACE FUNCTION evently_ledger_promotions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    changes evently_seat_change[];
    change evently_seat_change;
    event events;
    refused boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(ROW(event_id, net, net)::evently_seat_change ORDER BY event_id)
        INTO changes FROM (
            SELECT event_id, sum(quantity) AS net FROM new_rows WHERE status = 'pending'
            GROUP BY event_id) sums;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(ROW(event_id, net, 0)::evently_seat_change ORDER BY event_id)
        INTO changes FROM (
            SELECT event_id, -sum(quantity) AS net FROM old_rows WHERE status = 'pending'
            GROUP BY event_id) sums;
    ELSE
        SELECT array_agg(ROW(event_id, net, greatest(net, 0))::evently_seat_change
            ORDER BY event_id)
        INTO changes FROM (
            SELECT event_id, sum(seats) AS net FROM (
                SELECT event_id, quantity AS seats FROM new_rows WHERE status = 'pending'
                UNION ALL
                SELECT event_id, -quantity FROM old_rows WHERE status = 'pending'
            ) weighed GROUP BY event_id HAVING sum(seats) <> 0) sums;
    END IF;

    FOREACH change IN ARRAY coalesce(changes, '{}') LOOP
        event := evently_move_seats(change.event_id, change.net);
        IF event.id IS NULL THEN
            CONTINUE WHEN change.net <= 0;
            PERFORM evently_refuse(change.event_id, 'trg_seats_available');
        END IF;
        IF change.taken > 0 THEN
            IF NOT evently_on_sale(event) THEN
                PERFORM evently_refuse(event.id, 'trg_sales_open');
            END IF;
            SELECT bool_or(expires_at >
                    least(coalesce(event.sales_end_at, event.event_date), event.event_date))
                INTO refused FROM new_rows WHERE event_id = event.id;
            IF refused THEN
                PERFORM evently_refuse(event.id, 'trg_promotion_time');
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

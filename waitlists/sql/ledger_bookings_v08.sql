-- The seat ledger for bookings: total_capacity = available_seats + booked + held, at all times.
--
-- Refusals come in a fixed order: sales closed, draw pending, limits, sold out, waitlist first, price,
-- quote. A
-- booking that uses a promotion had its seats held: sales window, limits and waitlist were checked
-- when the promotion was made, so it is not counted in `taken`. Only statuses that hold seats count.
-- Bookings that leave for the archive give no seats back: they count there, and in archived_totals.
-- While a waitlist has open entries, each change of the seats goes into its public record.
CREATE OR REPLACE FUNCTION evently_ledger_bookings() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    changes evently_seat_change[];
    change evently_seat_change;
    event events;
    sold_out boolean;
    refused boolean;
    reason text;
    used uuid;
    line lines;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(ROW(event_id, net, taken)::evently_seat_change ORDER BY event_id)
        INTO changes FROM (
            SELECT b.event_id, sum(b.quantity) AS net,
                coalesce(sum(b.quantity) FILTER (WHERE NOT EXISTS (
                    SELECT FROM waitlist_promotions p
                    WHERE p.booking_id = b.id AND p.event_id = b.event_id
                        AND p.user_id = b.user_id
                        AND coalesce(p.accepted_quantity, p.quantity) = b.quantity
                        AND p.status = 'used')), 0) AS taken
            FROM new_rows b WHERE b.status IN ('pending', 'confirmed')
            GROUP BY b.event_id) sums;
    ELSIF TG_OP = 'DELETE' THEN
        IF evently_retiring() IS NOT NULL THEN
            RETURN NULL;
        END IF;
        SELECT array_agg(ROW(event_id, net, 0)::evently_seat_change ORDER BY event_id)
        INTO changes FROM (
            SELECT event_id, -sum(quantity) AS net
            FROM old_rows WHERE status IN ('pending', 'confirmed')
            GROUP BY event_id) sums;
    ELSE
        SELECT array_agg(ROW(event_id, net, taken)::evently_seat_change ORDER BY event_id)
        INTO changes FROM (
            SELECT event_id, sum(seats) AS net, sum(greatest(seats, 0)) AS taken FROM (
                SELECT id, event_id, sum(seats) AS seats FROM (
                    SELECT id, event_id, quantity AS seats
                    FROM new_rows WHERE status IN ('pending', 'confirmed')
                    UNION ALL
                    SELECT id, event_id, -quantity
                    FROM old_rows WHERE status IN ('pending', 'confirmed')
                ) weighed GROUP BY id, event_id HAVING sum(seats) <> 0
            ) rows_changed GROUP BY event_id) sums;
    END IF;

    FOREACH change IN ARRAY coalesce(changes, '{}') LOOP
        event := evently_move_seats(change.event_id, change.net);
        sold_out := event.id IS NULL AND change.net > 0;
        IF event.id IS NULL THEN
            SELECT * INTO event FROM events WHERE id = change.event_id;
            IF NOT FOUND THEN
                CONTINUE WHEN change.net <= 0;
                -- The foreign key is checked at commit, and the event could be made until then,
                -- with all its seats free.
                PERFORM evently_refuse(change.event_id, 'fk_bookings_event');
            END IF;
        END IF;
        IF change.net > 0 AND event.status <> 'active' THEN
            PERFORM evently_refuse(event.id, 'trg_sales_open');
        END IF;
        IF change.taken > 0 THEN
            -- Of several bookings, any refusal will do; the least of them is in the fixed order, too.
            SELECT min(evently_sale_refusal(event, quantity, user_id, mailbox, 0)) INTO reason
                FROM new_rows WHERE event_id = event.id AND status <> 'cancelled';
            IF reason IS NOT NULL THEN
                PERFORM evently_refuse(event.id, reason);
            END IF;
        END IF;
        IF sold_out THEN
            PERFORM evently_refuse(event.id, 'trg_seats_available');
        END IF;
        -- Before anything was taken, but after what the same statement gave back. Without open
        -- entries, the waitlist costs this look and no more.
        SELECT * INTO line FROM lines WHERE event_id = event.id;
        IF change.taken > 0 AND line.waiting > 0 THEN
            IF evently_line_comes_first(event, event.available_seats + change.taken) THEN
                PERFORM evently_refuse(event.id, 'trg_waitlist_first');
            END IF;
            SELECT bool_or(quantity > evently_place_limit(event)) INTO refused
                FROM new_rows WHERE event_id = event.id AND status <> 'cancelled';
            IF refused THEN
                PERFORM evently_refuse(event.id, 'trg_booking_place_limit');
            END IF;
        END IF;
        -- Nobody pays more than the price of this moment; whoever was promised less, pays less.
        IF TG_OP = 'INSERT' THEN
            SELECT bool_or(unit_price > event.current_price) INTO refused
                FROM new_rows WHERE event_id = event.id;
            IF refused THEN
                PERFORM evently_refuse(event.id, 'trg_price_current');
            END IF;
        END IF;
        -- A price is the event's, or has been; in any case it can be paid in the event's currency.
        IF TG_OP = 'INSERT' THEN
            SELECT bool_or(unit_price <> event.current_price
                    AND NOT evently_fits_currency(unit_price, event.currency)) INTO refused
                FROM new_rows WHERE event_id = event.id;
            IF refused THEN
                PERFORM evently_refuse(event.id, 'trg_booking_money');
            END IF;
        END IF;
        -- A quote pays for its seats once; those of cancelled bookings stay used. The event's row is
        -- locked by now, so bookings with one quote are counted one after the other.
        IF change.taken > 0 THEN
            FOR used IN SELECT DISTINCT quote_id FROM new_rows
                WHERE event_id = event.id AND quote_id IS NOT NULL
            LOOP
                SELECT sum(quantity) > min(quote_quantity) INTO refused
                    FROM bookings WHERE quote_id = used AND event_id = event.id;
                IF refused THEN
                    PERFORM evently_refuse(event.id, 'trg_quote_used');
                END IF;
            END LOOP;
        END IF;
        IF line.is_open THEN
            PERFORM evently_record_seats(event, change.taken,
                CASE WHEN TG_OP = 'INSERT' THEN 0 ELSE change.taken - change.net END);
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

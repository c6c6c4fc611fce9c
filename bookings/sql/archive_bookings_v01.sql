-- Move the bookings of an event that ended over a year ago to bookings_archive, with their tickets,
-- payments, transfers and answers; return how many. All of one event, or none.
--
-- Their seats stay taken: the ledger does not see them leave. What has no more use is left behind:
-- the secrets of tickets, names and addresses of people who were handed one, quotes and mailboxes.
-- One line in the audit log says how many rows were moved.
CREATE OR REPLACE FUNCTION evently_archive_bookings(event uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    -- Columns that the booking has, too.
    repeated text[] := '{event_id,booking_id,organizer_id,user_id}';
    archived events;
    ended timestamptz;
    moved integer;
    admitted integer;
    paid integer;
BEGIN
    SELECT * INTO archived FROM events WHERE id = event FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    ended := coalesce(archived.ends_at, archived.event_date);
    IF archived.status = 'active' OR ended > evently_clock() - interval '1 year' THEN
        RAISE EXCEPTION 'event % has not been over for a year', event
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_archive_early';
    END IF;
    IF EXISTS (SELECT FROM waitlist_promotions WHERE event_id = event) THEN
        RAISE EXCEPTION 'the offers of event % are not archived yet', event
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_archive_offers';
    END IF;
    PERFORM evently_retire('archive');
    INSERT INTO bookings_archive (id, user_id, event_id, quantity, unit_price, total_amount, status,
        booking_reference, version, created_at, updated_at, expires_at, cancelled_at, cancel_reason,
        cancelled_by, idempotency_key, archived_at, ended_at, parts)
    SELECT b.id, b.user_id, b.event_id, b.quantity, b.unit_price, b.total_amount, b.status,
        b.booking_reference, b.version, b.created_at, b.updated_at, b.expires_at, b.cancelled_at,
        b.cancel_reason, b.cancelled_by, NULL, evently_clock(), ended,
        jsonb_strip_nulls(jsonb_build_object(
            'unanswered_policy', b.unanswered_policy, 'tickets', t.rows, 'payments', p.rows,
            'transfers', h.rows, 'answers', a.rows))
    FROM bookings b
    LEFT JOIN (SELECT booking_id, jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'id', id, 'holder_id', holder_id, 'holder_name', holder_name,
            'checked_in_at', checked_in_at, 'checked_in_by', checked_in_by_id,
            'cancelled_at', cancelled_at)) ORDER BY id) AS rows
        FROM tickets WHERE event_id = event GROUP BY booking_id) t ON t.booking_id = b.id
    LEFT JOIN (SELECT booking_id, jsonb_agg(
            to_jsonb(payments) - repeated
            ORDER BY id) AS rows
        FROM payments WHERE event_id = event GROUP BY booking_id) p ON p.booking_id = b.id
    LEFT JOIN (SELECT booking_id, jsonb_agg(
            to_jsonb(ticket_transfers) - repeated - '{recipient_name,recipient_email}'::text[]
            ORDER BY id) AS rows
        FROM ticket_transfers WHERE event_id = event GROUP BY booking_id) h
        ON h.booking_id = b.id
    LEFT JOIN (SELECT booking_id, jsonb_agg(
            to_jsonb(attendance_checks) - repeated
            ORDER BY id) AS rows
        FROM attendance_checks WHERE event_id = event GROUP BY booking_id) a
        ON a.booking_id = b.id
    WHERE b.event_id = event;
    GET DIAGNOSTICS moved = ROW_COUNT;
    -- Before their bookings, or each would look for its own.
    DELETE FROM attendance_checks WHERE event_id = event;
    DELETE FROM ticket_transfers WHERE event_id = event;
    DELETE FROM payments WHERE event_id = event;
    GET DIAGNOSTICS paid = ROW_COUNT;
    DELETE FROM tickets WHERE event_id = event;
    GET DIAGNOSTICS admitted = ROW_COUNT;
    DELETE FROM booking_attempts WHERE event_id = event;
    DELETE FROM bookings WHERE event_id = event;
    IF moved > 0 THEN
        PERFORM evently_log_retired('events', event, event, 'archived', jsonb_build_object(
            'bookings', moved, 'tickets', admitted, 'payments', paid));
    END IF;
    PERFORM evently_retire(NULL);
    RETURN moved;
END
$$;

COMMENT ON FUNCTION evently_archive_bookings(uuid) IS
    'Moves the bookings of an event that ended over a year ago to the archive; returns how many.';

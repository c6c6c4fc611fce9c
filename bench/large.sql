-- A large installation, for `bench/large.py`. Reads the settings bench.bookings and bench.events,
-- and the temporary tables `person` and `named`. Event 0 has a twentieth of all bookings, events 1
-- to 10 a hundredth each; user 0 has 500 bookings and an inbox of 20,000 messages; 10,000 entries
-- wait for event 11; user 1 organizes these twelve. Statements end in a semicolon at the end of a line.
CREATE FUNCTION pg_temp.setting(name text) RETURNS int LANGUAGE sql STABLE
    AS 'SELECT current_setting(name)::int';
-- An id that is ordered by a time.
CREATE FUNCTION pg_temp.id_at(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(overlay(uuid_send(evently_uuid7()) PLACING
        substring(int8send(floor(extract(epoch FROM at) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
        'hex')::uuid $$;
CREATE TEMP TABLE e AS
    SELECT n, pg_temp.id_at(now() - (pg_temp.setting('bench.events') - n) * interval '3 minutes') AS id,
        -- Every tenth is over.
        CASE WHEN n > 11 AND n % 10 = 0 THEN now() - (1 + n % 300) * interval '1 day'
            ELSE now() + interval '1 day' + (n * 7919 % 400000) * interval '90 seconds' END AS starts,
        CASE WHEN n > 11 AND n % 10 = 0 THEN 'completed' WHEN n > 11 AND n % 50 = 1 THEN 'cancelled'
            ELSE 'active' END AS status,
        CASE WHEN n > 11 AND n % 20 = 2 THEN NULL ELSE now() - interval '300 days' END AS published,
        CASE WHEN n % 3 = 0 THEN 0 ELSE 10 + n % 90 END AS price,
        CASE WHEN n > 11 AND n % 100 = 7 THEN 7 END AS asks
    FROM generate_series(0, pg_temp.setting('bench.events') - 1) n;
CREATE UNIQUE INDEX ON e (n);
CREATE TEMP TABLE u AS SELECT n, id FROM person;
CREATE UNIQUE INDEX ON u (n);
ANALYZE e, u, person, named;
INSERT INTO users (id, email, email_digest, name, role, is_superuser, email_verified_at, created_at)
    SELECT id, email, digest, name, CASE WHEN n < 200 THEN 'admin' ELSE 'user' END, n = 0,
        now() - interval '300 days', now() - interval '300 days'
    FROM person;
INSERT INTO keys.person_keys (user_id, wrapped_key, wrapping_key_name)
    SELECT id, wrapped, wrapping FROM person;
INSERT INTO events (id, name, venue, description, event_date, ends_at, status, published_at,
        total_capacity, base_price, current_price, payment_mode, created_by_id, created_at,
        updated_at, ask_days_before, cancel_reason, timezone)
    SELECT e.id, named.name, named.venue, named.description, starts, starts + interval '3 hours',
        e.status, published, CASE WHEN e.n <= 10 THEN 100000 ELSE 20 + e.n % 180 END, price, price,
        CASE WHEN price = 0 THEN 'free' ELSE 'door' END, u.id, now() - interval '400 days',
        now() - interval '300 days', asks,
        CASE WHEN e.status = 'cancelled' THEN 'The hall is closed' ELSE '' END, 'Europe/Berlin'
    FROM e JOIN named ON named.n = e.n
        JOIN u ON u.n = CASE WHEN e.n <= 11 THEN 1 ELSE e.n % 200 END;
CREATE TEMP TABLE b AS
    SELECT g, pg_temp.id_at(at) AS id, at,
        CASE WHEN g % 20 = 0 THEN 0 WHEN g % 20 IN (1, 2) THEN 1 + g / 20 % 10
            ELSE 12 + g::bigint * 7919 % (pg_temp.setting('bench.events') - 12) END AS event,
        CASE WHEN g % (pg_temp.setting('bench.bookings') / 500) = 0 THEN 0
            ELSE g::bigint * 104729 % (SELECT count(*) FROM u) END AS person,
        1 + g % 2 AS quantity,
        CASE WHEN g % 10 = 0 AND g % 20 <> 0 THEN 'cancelled' ELSE 'confirmed' END AS status
    FROM generate_series(1, pg_temp.setting('bench.bookings')) g,
        LATERAL (SELECT now() - (pg_temp.setting('bench.bookings') - g + 1)
            * (interval '200 days' / pg_temp.setting('bench.bookings')) AS at) moment;
CREATE UNIQUE INDEX ON b (g);
ANALYZE b;
INSERT INTO bookings (id, event_id, organizer_id, user_id, quantity, unit_price, total_amount, booking_reference,
        created_at, updated_at, status, cancelled_at, cancelled_by, quote_id, quote_quantity)
    SELECT b.id, e.id, created_by_id, u.id, quantity, price, price * quantity,
        'EVT' || to_char(at, 'YYYYMMDD') || upper(substr(md5(g::text), 1, 10)), at, at,
        CASE WHEN e.status = 'cancelled' THEN 'cancelled' ELSE b.status END,
        CASE WHEN 'cancelled' IN (e.status, b.status) THEN at END,
        CASE WHEN e.status = 'cancelled' THEN 'event' WHEN b.status = 'cancelled' THEN 'attendee' END,
        CASE WHEN g % 2 = 0 THEN b.id END, CASE WHEN g % 2 = 0 THEN quantity END
    FROM b JOIN e ON e.n = event JOIN u ON u.n = person JOIN events ON events.id = e.id ORDER BY g;
INSERT INTO tickets (booking_id, event_id, organizer_id, user_id, secret, cancelled_at, checked_in_at)
    SELECT id, event_id, organizer_id, user_id, md5(id::text || seat), cancelled_at,
        CASE WHEN status = 'confirmed' AND id::text < '3' THEN created_at END
    FROM bookings, generate_series(1, quantity) seat ORDER BY id;
UPDATE events SET total_capacity = greatest(total_capacity, booked),
        available_seats = greatest(total_capacity, booked) - booked
    FROM (SELECT id AS event, coalesce(seats, 0) AS booked FROM events LEFT JOIN
        (SELECT event_id, sum(quantity) AS seats FROM bookings WHERE status <> 'cancelled'
            GROUP BY event_id) taken ON taken.event_id = id) counted
    WHERE id = event;
INSERT INTO booking_attempts (id, event_id, organizer_id, user_id, quantity, result, booking_id, attempted_at,
        ip_address, user_agent)
    SELECT pg_temp.id_at(created_at), event_id, organizer_id, user_id, quantity, 'success', id, created_at,
        '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
    FROM bookings ORDER BY created_at;
INSERT INTO booking_attempts (id, event_id, organizer_id, user_id, quantity, result, failure_reason, attempted_at,
        ip_address, user_agent)
    SELECT pg_temp.id_at(at), e.id, created_by_id, CASE WHEN g % 15 <> 0 THEN u.id END, quantity,
        'failed',
        (ARRAY['sold_out', 'waitlist_first', 'person_limit', 'price_changed', 'sales_closed'])
            [1 + g % 5], at, '2001:db8::1', 'python-requests/2.32'
    FROM b JOIN e ON e.n = event JOIN u ON u.n = person JOIN events ON events.id = e.id
    WHERE g % 5 = 0 ORDER BY g;
DO $$ BEGIN FOR month IN 1 .. 8 LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF notifications FOR VALUES FROM (%L) TO (%L)',
        'notifications_before_' || month, date_trunc('month', now()) - make_interval(months => month),
        date_trunc('month', now()) - make_interval(months => month - 1)); END LOOP; END $$;
CREATE TEMP TABLE m AS
    SELECT pg_temp.id_at(created_at) AS id, user_id, event_id, 'booking_confirm' AS kind,
        created_at AS at, jsonb_build_object('booking', id, 'reference', booking_reference) AS data
    FROM bookings
    UNION ALL SELECT pg_temp.id_at(at), (SELECT id FROM u WHERE n = 0), e.id, 'event_changed', at, '{}'
    FROM b JOIN e ON e.n = event WHERE g <= 20000;
INSERT INTO notifications (id, user_id, event_id, type, message, data, status, sent_at, delivered_at,
        read, created_at)
    SELECT id, user_id, event_id, kind, 'Your booking is confirmed: 2 seats for a long evening.',
        data, 'delivered', at, at, extract(second FROM at)::int % 2 = 0, at FROM m ORDER BY at;
INSERT INTO message_keys (user_id, key, notification_id, created_at)
    SELECT user_id, kind || ':' || id, id, at FROM m ORDER BY at;
INSERT INTO email_delivery_log (id, notification_id, user_id, event_id, organizer_id, kind, recipient_email,
        template_type, status, send_attempts, last_attempt_at, delivered_at, created_at,
        error_message)
    SELECT pg_temp.id_at(at), m.id, user_id, event_id, created_by_id, kind, recipient,
        CASE kind WHEN 'booking_confirm' THEN kind ELSE 'notification' END,
        CASE WHEN is_lost THEN 'bounced' ELSE 'sent' END, 1, at, CASE WHEN NOT is_lost THEN at END,
        at, CASE WHEN is_lost THEN 'No such mailbox' ELSE '' END
    FROM m JOIN person ON person.id = user_id JOIN events ON events.id = event_id,
        LATERAL (SELECT substr(m.id::text, 34) = '111' AS is_lost) outcome ORDER BY at;
INSERT INTO waitlists (id, event_id, organizer_id, user_id, quantity, unit_price, position, status, joined_at,
        created_at, confirmed_at, ref)
    SELECT pg_temp.id_at(at), e.id, created_by_id, u.id, 1, price, CASE WHEN event = 11 THEN place + 1 END,
        CASE WHEN event = 11 THEN 'waiting' WHEN place % 3 = 0 THEN 'expired' ELSE 'left' END,
        at, at, at, substr(md5(place::text), 1, 12)
    FROM (SELECT 11 AS event, n AS place, n AS person FROM u WHERE n < 10000
        UNION ALL SELECT 12 + n, n, n FROM u
        WHERE n > 0 AND 12 + n < pg_temp.setting('bench.events')) wanted
    JOIN e ON e.n = event JOIN u ON u.n = person JOIN events ON events.id = e.id,
        LATERAL (SELECT now() - interval '100 days' + place * interval '1 second' AS at) moment;
INSERT INTO lines (event_id, head, is_open, open_entries, waiting)
    SELECT event_id, md5('') || md5(''), bool_or(status = 'waiting'),
        count(*) FILTER (WHERE status = 'waiting'), count(*) FILTER (WHERE status = 'waiting')
    FROM waitlists GROUP BY event_id;
INSERT INTO waitlist_promotions (id, event_id, organizer_id, user_id, waitlist_id, quantity, unit_price,
        promoted_at, expires_at, window_minutes, status, ended_at, created_at)
    SELECT pg_temp.id_at(joined_at), event_id, organizer_id, user_id, id, quantity, unit_price,
        joined_at, joined_at + interval '1 hour', 60, 'expired', joined_at + interval '1 hour',
        joined_at FROM waitlists WHERE status = 'expired';
INSERT INTO attendance_checks (event_id, organizer_id, user_id, booking_id, event_date, seats, asked_at)
    SELECT events.id, created_by_id, user_id, bookings.id, event_date, quantity, now() - interval '2 days'
    FROM events JOIN bookings ON bookings.event_id = events.id AND bookings.status = 'confirmed'
    WHERE ask_days_before IS NOT NULL AND events.status = 'active'
        AND event_date BETWEEN now() AND now() + interval '7 days';
INSERT INTO pricing_history (event_id, organizer_id, old_price, new_price, reason, applied_by, applied_at)
    SELECT id, created_by_id, 5, price, 'Early prices end', 'rule', now() - n * interval '1 minute'
    FROM e JOIN events USING (id) WHERE price > 0 AND n % 5 = 0;
INSERT INTO pricing_history (event_id, organizer_id, old_price, new_price, reason, applied_by, applied_at)
    SELECT id, created_by_id, price, price + 1, 'Early prices end', 'rule', now() - g * interval '1 hour'
    FROM e JOIN events USING (id), generate_series(1, 2000) g WHERE n = 1;
INSERT INTO audit_log (id, at, table_name, row_id, event_id, organizer_id, action, after, actor, via, act, kind,
        signed)
    SELECT act, created_at, 'bookings', id, event_id, organizer_id, 'insert',
        to_jsonb(bookings) - ARRAY['updated_at', 'organizer_id'], user_id, 'page', act, 'created', true
    FROM bookings, LATERAL (SELECT pg_temp.id_at(created_at) AS act WHERE quantity > 0) made
    ORDER BY created_at;
INSERT INTO audit_log (id, at, table_name, row_id, event_id, organizer_id, action, before, after, actor, via, act,
        kind, signed)
    SELECT act, at, 'events', id, id, created_by_id, 'update', '{"published_at": null}',
        jsonb_build_object('published_at', at), created_by_id, 'admin', act, 'published', true
    FROM (SELECT id, created_by_id, published_at AS at FROM events
        WHERE published_at IS NOT NULL) shown,
        LATERAL (SELECT pg_temp.id_at(at) AS act WHERE id IS NOT NULL) made;

-- A year of sales, for `bench/figures/filling.py`. Reads the settings bench.events, bench.bookings,
-- bench.waiting and bench.attempts, and the temporary table `person`. Event 0 is the largest: it went
-- on sale 30 days ago and has a fifth of all bookings, of which 3 in 10 in the rush of the first
-- hours. Others have been on sale for 20 to 120 days each, begun over the year, fewer sell a lot.
-- Attempts are those of the last 90 days, as older ones are deleted. Times are as the tables have
-- them: what waits by the record of a line is what waits.
--
-- Statements end in a semicolon at the end of a line. One that reads bench.part runs for each part;
-- a line `--- words` says what follows.
--- events
CREATE FUNCTION pg_temp.setting(name text) RETURNS bigint LANGUAGE sql STABLE
    AS 'SELECT current_setting(name)::bigint';
CREATE FUNCTION pg_temp.id_at(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(overlay(uuid_send(evently_uuid7()) PLACING
        substring(int8send(floor(extract(epoch FROM at) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
        'hex')::uuid $$;
-- From 0 to 1, the same each time for a number.
CREATE FUNCTION pg_temp.chance(number bigint, salt bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE AS
    'SELECT (hashint8extended(number, salt) & 4503599627370495)::float8 / 4503599627370496';
-- When something is bought: in the rush after the opening, evenly, or shortly before the end.
CREATE FUNCTION pg_temp.bought(number bigint, opens timestamptz, ends timestamptz)
    RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT opens + CASE
        WHEN pg_temp.chance(number, 1) < 0.3
            THEN least(-ln(1 - pg_temp.chance(number, 2)) * interval '1 hour', ends - opens)
        WHEN pg_temp.chance(number, 1) < 0.7 THEN (ends - opens) * pg_temp.chance(number, 2)
        ELSE (ends - opens) * (1 - pow(pg_temp.chance(number, 2), 3)) END $$;
-- Nobody buys at night, but in the evening before.
CREATE FUNCTION pg_temp.awake(at timestamptz, opens timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN extract(hour FROM at) < 6 AND at > opens + interval '6 hours'
        THEN at - interval '6 hours' ELSE at END $$;
CREATE TEMP TABLE u AS SELECT n, id FROM person;
CREATE UNIQUE INDEX ON u (n);
-- share: of the other bookings. Sales end with the start, or now.
CREATE TEMP TABLE e AS
    SELECT n, pg_temp.id_at(opens) AS id, opens, starts, least(starts, now()) AS ends,
        10 + n % 90 AS price,
        CASE WHEN n > 0 THEN pow(n + 20, -0.8) ELSE 0 END AS share,
        (ARRAY['Europe/Berlin', 'Europe/London', 'America/New_York', 'Asia/Tokyo',
            'Pacific/Auckland'])[1 + n % 5] AS zone
    FROM (SELECT n,
        CASE WHEN n = 0 THEN now() - interval '30 days'
            ELSE now() - interval '1 hour' - interval '364 days' * pg_temp.chance(n, 3) END AS opens
        FROM generate_series(0, pg_temp.setting('bench.events') - 1) n) opened,
    LATERAL (SELECT CASE WHEN n = 0 THEN now() + interval '30 days'
        ELSE opens + interval '20 days' + interval '100 days' * pg_temp.chance(n, 4) END AS starts
    ) begun;
-- Which numbers of bookings are whose: from `first`, up to `last`.
CREATE TEMP TABLE sold AS
    SELECT n, coalesce(lag(last) OVER (ORDER BY n), 0) + 1 AS first, last
    FROM (SELECT n, CASE WHEN pg_temp.setting('bench.events') = 1
            THEN pg_temp.setting('bench.bookings')
            ELSE pg_temp.setting('bench.bookings') / 5
                + round((pg_temp.setting('bench.bookings') - pg_temp.setting('bench.bookings') / 5)
                * sum(share) OVER (ORDER BY n) / sum(share) OVER ()) END::bigint AS last FROM e) ends;
-- Of waitlist entries: a fifth is event 0's, the rest of upcoming ones, as they sell. The list opens
-- after a fifth of the time.
CREATE TEMP TABLE lined AS
    SELECT n, opens + (ends - opens) / 5 AS opened, ends,
        last - coalesce(lag(last) OVER (ORDER BY n), 0) AS entries
    FROM (SELECT n, opens, ends, CASE WHEN sum(share) OVER () = 0
            THEN pg_temp.setting('bench.waiting')
            ELSE pg_temp.setting('bench.waiting') / 5
                + round((pg_temp.setting('bench.waiting') - pg_temp.setting('bench.waiting') / 5)
                * sum(share) OVER (ORDER BY n) / sum(share) OVER ()) END::bigint AS last
        FROM e WHERE starts > now()) ends;
ANALYZE u, e, sold, lined, person;
INSERT INTO users (id, email, email_digest, name, role, email_verified_at, created_at)
    SELECT id, email, digest, name, CASE WHEN n < 200 THEN 'admin' ELSE 'user' END,
        now() - interval '400 days', now() - interval '400 days'
    FROM person;
INSERT INTO keys.person_keys (user_id, wrapped_key, wrapping_key_name)
    SELECT id, wrapped, wrapping FROM person;
INSERT INTO events (id, name, venue, event_date, ends_at, status, published_at, total_capacity,
        available_seats, base_price, current_price, payment_mode, created_by_id, created_at,
        updated_at, timezone)
    SELECT e.id, 'Event ' || e.n, 'Town Hall', starts, starts + interval '3 hours',
        CASE WHEN starts < now() THEN 'completed' ELSE 'active' END, opens, 1, 0, price,
        price + floor(extract(epoch FROM ends - opens) / 1728000), 'door', u.id, opens, opens, zone
    FROM e JOIN u ON u.n = CASE WHEN e.n < 20 THEN 0 ELSE e.n % least(200, (SELECT count(*) FROM u)) END
    ORDER BY opens;
INSERT INTO pricing_history (event_id, organizer_id, old_price, new_price, reason, applied_by,
        applied_at)
    SELECT events.id, created_by_id, price + step - 1, price + step, 'Early prices end', 'rule',
        opens + step * interval '20 days'
    FROM e JOIN events USING (id),
        generate_series(1, floor(extract(epoch FROM ends - opens) / 1728000)::int) step
    ORDER BY opens + step * interval '20 days';
--- bookings
CREATE TEMP TABLE b AS
    SELECT row_number() OVER (ORDER BY at) AS i, g, n, id, at, person, quantity, price,
        CASE WHEN chance < 0.08 THEN at + (ends - at) * chance / 0.08 END AS cancelled
    FROM (SELECT g, n, e.id, ends, opens, price, pg_temp.chance(g, 6) AS chance,
            pg_temp.awake(pg_temp.bought(g, opens, ends), opens) AS at,
            g * 104729 % (SELECT count(*) FROM u) AS person,
            (ARRAY[1, 2, 2, 2, 4, 1, 2, 3])[1 + g % 8] AS quantity
        FROM sold JOIN e USING (n), generate_series(first, last) g) made;
CREATE UNIQUE INDEX ON b (i);
ANALYZE b;
INSERT INTO bookings (event_id, organizer_id, user_id, quantity, unit_price, total_amount, id,
        booking_reference, created_at, updated_at, status, cancelled_at, cancelled_by)
    SELECT e.id, created_by_id, u.id, quantity, paid, paid * quantity, pg_temp.id_at(at),
        'EVT' || to_char(at, 'YYYYMMDD') || upper(substr(md5(g::text), 1, 10)), at, at,
        CASE WHEN cancelled IS NULL THEN 'confirmed' ELSE 'cancelled' END, cancelled,
        CASE WHEN cancelled IS NOT NULL THEN 'attendee' END
    FROM b JOIN e USING (n) JOIN u ON u.n = person JOIN events ON events.id = e.id,
        LATERAL (SELECT b.price + floor(extract(epoch FROM at - opens) / 1728000) AS paid) price
    WHERE i BETWEEN pg_temp.setting('bench.part') * pg_temp.setting('bench.bookings')
            / pg_temp.setting('bench.parts') + 1
        AND (pg_temp.setting('bench.part') + 1) * pg_temp.setting('bench.bookings')
            / pg_temp.setting('bench.parts')
    ORDER BY i;
ANALYZE bookings;
INSERT INTO tickets (booking_id, event_id, organizer_id, user_id, secret, cancelled_at)
    SELECT id, event_id, organizer_id, user_id, md5(id::text || seat), cancelled_at
    FROM bookings, generate_series(1, quantity) seat ORDER BY id;
UPDATE events SET total_capacity = greatest(1, seats) + left_over, available_seats =
        greatest(1, seats) + left_over - seats
    FROM (SELECT e.id, coalesce(sum(quantity) FILTER (WHERE cancelled IS NULL), 0) AS seats,
            CASE WHEN e.n IN (SELECT n FROM lined WHERE entries > 0) THEN 0 ELSE 40 END AS left_over
        FROM e LEFT JOIN b USING (n) GROUP BY e.id, e.n) counted
    WHERE counted.id = events.id;
--- waitlists
CREATE TEMP TABLE w AS
    SELECT lined.n, place, pg_temp.id_at(joined) AS id, substr(md5(lined.n || ':' || place), 1, 12)
            AS ref, joined, 1 + place % 3 AS seats,
        CASE WHEN place <= entries THEN 'waiting' WHEN place % 3 = 0 THEN 'left'
            WHEN place % 3 = 1 THEN 'lapsed' ELSE 'declined' END AS outcome,
        joined + (ends - joined) / 2 AS offered, joined + (ends - joined) * 0.75 AS gone
    FROM lined, generate_series(1, entries + entries / 4) place,
        LATERAL (SELECT opened + (ends - opened) * pg_temp.chance(lined.n * 1000000 + place, 7)
            AS joined) moment;
INSERT INTO waitlists (id, event_id, organizer_id, user_id, quantity, unit_price, position, status,
        joined_at, created_at, confirmed_at, ref)
    SELECT w.id, e.id, created_by_id, u.id, seats, price,
        CASE WHEN outcome = 'waiting' THEN row_number() OVER (PARTITION BY w.n, outcome
            ORDER BY joined, w.id) END,
        CASE outcome WHEN 'waiting' THEN outcome WHEN 'lapsed' THEN 'expired' ELSE 'left' END,
        joined, joined, joined, ref
    FROM w JOIN e USING (n) JOIN u ON u.n = (place + w.n * 7) % (SELECT count(*) FROM u)
        JOIN events ON events.id = e.id ORDER BY joined;
INSERT INTO waitlist_promotions (event_id, organizer_id, user_id, waitlist_id, quantity, unit_price,
        promoted_at, expires_at, window_minutes, status, ended_at, created_at, ref)
    SELECT event_id, organizer_id, user_id, waitlists.id, quantity, unit_price, offered, gone,
        greatest(1, extract(epoch FROM gone - offered) / 60),
        CASE outcome WHEN 'lapsed' THEN 'expired' ELSE outcome END, gone, offered, w.ref
    FROM w JOIN waitlists USING (id) WHERE outcome IN ('lapsed', 'declined') ORDER BY offered;
-- Hashes are made up: the record of these lines does not verify.
INSERT INTO line_events (event_id, seq, kind, ref, seats, at, prev, hash)
    SELECT id, row_number() OVER (PARTITION BY id ORDER BY at, step), kind, ref, seats, at,
        md5('') || md5(''), md5('') || md5('')
    FROM (SELECT n, 0 AS step, 'opened' AS kind, NULL AS ref, NULL::int AS seats, opened AS at
            FROM lined WHERE entries > 0
        UNION ALL SELECT n, 1, 'joined', ref, seats, joined FROM w
        UNION ALL SELECT n, 2, 'offered', ref, seats, offered FROM w
            WHERE outcome IN ('lapsed', 'declined')
        UNION ALL SELECT n, 3, CASE WHEN outcome = 'waiting' THEN NULL ELSE outcome END, ref, NULL,
            gone FROM w WHERE outcome <> 'waiting'
        UNION ALL SELECT n, 4, 'booked', NULL, quantity, at FROM b JOIN lined USING (n)
            WHERE at > opened AND entries > 0
        UNION ALL SELECT n, 5, 'cancelled', NULL, quantity, cancelled FROM b JOIN lined USING (n)
            WHERE cancelled > opened AND entries > 0) happened
    JOIN e USING (n) ORDER BY at, step;
INSERT INTO lines (event_id, head, is_open, open_entries, waiting, seq, recorded_at)
    SELECT event_id, md5('') || md5(''), true, count(*) FILTER (WHERE kind = 'joined')
            - count(*) FILTER (WHERE kind IN ('left', 'lapsed', 'declined')),
        count(*) FILTER (WHERE kind = 'joined')
            - count(*) FILTER (WHERE kind IN ('left', 'lapsed', 'declined')), max(seq), max(at)
    FROM line_events GROUP BY event_id;
--- attempts
CREATE TEMP TABLE kept AS SELECT now() - interval '90 days' AS since;
INSERT INTO booking_attempts (id, event_id, organizer_id, user_id, quantity, result, booking_id,
        attempted_at, ip_address, user_agent)
    SELECT pg_temp.id_at(created_at), event_id, organizer_id, user_id, quantity, 'success', id,
        created_at, '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101'
    FROM bookings, kept WHERE created_at >= since
    ORDER BY created_at LIMIT pg_temp.setting('bench.attempts');
CREATE TEMP TABLE wanted AS
    SELECT n, id, opens, ends, (sum(number) OVER (ORDER BY n))::bigint AS upto
    FROM (SELECT e.*, last - first + 1 AS number FROM e JOIN sold USING (n), kept
        WHERE ends > since) sold;
CREATE TEMP TABLE a AS
    SELECT row_number() OVER (ORDER BY at) - 1 AS i, g, id, at
    FROM (SELECT g, 1 + width_bucket(g * 7919 % (SELECT max(upto) FROM wanted),
                (SELECT array_agg(upto ORDER BY n) FROM wanted)) AS rank
            FROM generate_series(1, pg_temp.setting('bench.attempts')
                - (SELECT count(*) FROM booking_attempts)) g) numbered
    JOIN (SELECT wanted.*, row_number() OVER (ORDER BY n) AS rank FROM wanted) of USING (rank), kept,
        LATERAL (SELECT CASE WHEN opens >= since
            THEN pg_temp.awake(pg_temp.bought(g + 1000000000, opens, ends), opens)
            ELSE since + (ends - since) * pg_temp.chance(g, 8) END AS at) moment;
CREATE UNIQUE INDEX ON a (i);
ANALYZE a;
INSERT INTO booking_attempts (id, event_id, organizer_id, user_id, quantity, result,
        failure_reason, attempted_at, ip_address, user_agent)
    SELECT pg_temp.id_at(at), a.id, created_by_id, CASE WHEN g % 15 <> 0 THEN u.id END, 1 + g % 4,
        'failed', (ARRAY['sold_out', 'sold_out', 'sold_out', 'sold_out', 'waitlist_first',
            'waitlist_first', 'event_busy', 'price_changed', 'person_limit', 'sales_closed'])
            [1 + g % 10], at, '2001:db8::1', 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6) Safari/604.1'
    FROM a JOIN events ON events.id = a.id JOIN u ON u.n = g * 7919 % (SELECT count(*) FROM u)
    WHERE i >= pg_temp.setting('bench.part') * (SELECT count(*) FROM a) / pg_temp.setting('bench.parts')
        AND i < (pg_temp.setting('bench.part') + 1) * (SELECT count(*) FROM a)
            / pg_temp.setting('bench.parts')
    ORDER BY i;
--- indexes
DROP TABLE a, b, w, e, u, kept, lined, sold, wanted;

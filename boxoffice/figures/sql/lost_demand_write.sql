, gone AS (
    DELETE FROM event_lost_demand s
    WHERE s.event_id = %(event)s AND s.day >= %(first)s
        AND NOT EXISTS (
            SELECT FROM found f
            WHERE f.day = s.day AND f.outcome = s.outcome AND f.reason = s.reason)
), written AS (
    INSERT INTO event_lost_demand AS s (event_id, day, outcome, reason, people, seats, value)
    SELECT %(event)s, day, outcome, reason, people, seats, value FROM found
    ORDER BY day, outcome, reason
    ON CONFLICT (event_id, day, outcome, reason) DO UPDATE
        SET people = excluded.people, seats = excluded.seats, value = excluded.value
        WHERE (s.people, s.seats, s.value) IS DISTINCT FROM
            (excluded.people, excluded.seats, excluded.value)
)
SELECT count(*) FROM refused

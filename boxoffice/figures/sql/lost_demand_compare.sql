, stored AS (
    SELECT day, outcome, reason, people, seats, value FROM event_lost_demand
    WHERE event_id = %(event)s AND day >= %(first)s
)
SELECT %(event)s::uuid, concat_ws(':', 'lost_demand', outcome, reason, part.name),
    day::timestamp AT TIME ZONE 'UTC', part.stored, part.found
FROM found f FULL JOIN stored s USING (day, outcome, reason)
CROSS JOIN LATERAL (VALUES ('people', s.people::numeric, f.people::numeric),
    ('seats', s.seats, f.seats), ('value', s.value, f.value)) AS part (name, stored, found)
WHERE part.stored IS DISTINCT FROM part.found
ORDER BY day, outcome, reason, part.name

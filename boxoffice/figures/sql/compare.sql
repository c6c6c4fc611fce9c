, stored AS (
    SELECT s.event_id AS id, s.metric_type AS metric, s.recorded_at AS bucket,
        s.metric_value AS figure
    FROM event_analytics s JOIN of ON of.id = s.event_id
    WHERE s.resolution = %(resolution)s
        AND s.is_realtime = (%(resolution)s = 'minute')
        AND s.recorded_at >= %(lowest)s AND s.recorded_at >= of.first AND s.recorded_at < %(end)s
        AND NOT (s.metric_type = ANY (%(counted)s))
)
SELECT id, metric, bucket, stored.figure, found.figure, count(*) OVER ()
FROM found FULL JOIN stored USING (id, metric, bucket) JOIN of USING (id)
WHERE stored.figure IS DISTINCT FROM found.figure
    -- The last bucket is not over.
    AND bucket < bucket_of(%(end)s::timestamptz, of.zone)
ORDER BY id, metric, bucket
LIMIT %(most)s

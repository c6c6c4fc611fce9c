, gone AS (
    DELETE FROM event_analytics s USING of
    WHERE s.event_id = of.id AND s.resolution = %(resolution)s
        AND s.is_realtime = (%(resolution)s = 'minute')
        AND s.recorded_at >= %(lowest)s AND s.recorded_at >= of.first AND s.recorded_at < %(end)s
        AND NOT (s.metric_type = ANY (%(counted)s))
        AND NOT EXISTS (
            SELECT FROM found WHERE found.id = s.event_id AND found.metric = s.metric_type
                AND found.bucket = s.recorded_at)
    RETURNING 1
), written AS (
    INSERT INTO event_analytics
        (event_id, metric_type, metric_value, recorded_at, resolution, is_realtime)
    SELECT id, metric, figure, bucket, %(resolution)s, %(resolution)s = 'minute' FROM found
    ORDER BY id, metric, bucket
    ON CONFLICT (event_id, metric_type, resolution, recorded_at)
        DO UPDATE SET metric_value = excluded.metric_value
        WHERE event_analytics.metric_value <> excluded.metric_value
    RETURNING 1
)
SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM gone)

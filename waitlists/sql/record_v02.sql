-- Append one record to the public record of an event's line, chained to the one before. Expects the
-- event's row to be locked, and the line to have a row in `lines`.
--
-- entry: event_id, kind, and the members of this kind; the others are set here (at: now, unless it
-- is given). The hash is
-- SHA-256 of the record as RFC 8785 JSON without its hash: members in alphabetical order, without
-- those that are NULL. to_json escapes strings as RFC 8785 does.
CREATE OR REPLACE FUNCTION evently_record(entry line_events) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    line lines;
    canonical text;
    frees boolean;
BEGIN
    SELECT * INTO line FROM lines WHERE event_id = entry.event_id;
    entry.id := evently_uuid7();
    entry.seq := line.seq + 1;
    entry.prev := line.head;
    entry.at := greatest(coalesce(entry.at, evently_clock()), line.recorded_at);
    frees := coalesce(entry.kind = 'opened' OR entry.free > line.free, false);
    canonical := concat(
        '{"at":"', evently_record_time(entry.at), '"',
        ',"beacon":' || to_json(entry.beacon)::text,
        ',"capacity":' || entry.capacity,
        ',"cause":' || entry.cause,
        ',"commitment":"' || entry.commitment || '"',
        ',"confirmed":' || entry.confirmed::text,
        ',"due":"' || evently_record_time(entry.due) || '"',
        ',"free":' || entry.free,
        ',"kind":"', entry.kind, '"',
        ',"least":' || entry.least,
        ',"list":"' || entry.list || '"',
        ',"lots":' || entry.lots,
        ',"position":' || entry.position,
        ',"prev":"', entry.prev, '"',
        ',"rank":"' || evently_record_time(entry.rank) || '"',
        ',"reason":' || to_json(entry.reason)::text,
        ',"ref":"' || entry.ref || '"',
        ',"score":' || entry.score,
        ',"seats":' || entry.seats,
        ',"secret":"' || entry.secret || '"',
        ',"seq":', entry.seq,
        ',"skips":' || entry.skips,
        ',"until":"' || evently_record_time(entry.until) || '"',
        '}');
    entry.hash := encode(sha256(convert_to(canonical, 'UTF8')), 'hex');
    INSERT INTO line_events SELECT entry.*;
    UPDATE lines SET
        seq = entry.seq, head = entry.hash, recorded_at = entry.at,
        free = coalesce(entry.free, free),
        open_offers = CASE
            WHEN entry.kind = 'opened' THEN 0
            WHEN entry.kind = 'offered' THEN open_offers + 1
            WHEN entry.kind IN ('used', 'declined', 'lapsed') THEN open_offers - 1
            ELSE open_offers END,
        freed_seq = CASE WHEN frees THEN entry.seq ELSE freed_seq END,
        public_sales = public_sales + CASE WHEN entry.kind = 'booked' THEN 1 ELSE 0 END
    WHERE event_id = entry.event_id;
    RETURN entry.seq;
END
$$;

REVOKE ALL ON FUNCTION evently_record(line_events) FROM PUBLIC;

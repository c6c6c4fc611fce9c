-- Allow only the steps of a draw, at their times: open, frozen, drawn; or void.
--
-- What a step says is computed here, so that no client can choose it: the frozen list from the public
-- record, the seed from secret, list and beacon. What was announced stays. In short:
--   frozen: from closes_at on, and before the beacon exists;
--   drawn: from beacon_at on, within the hour (reveal_by), with the secret that was committed to;
--   void: an open draw before closes_at (called off), or where it was frozen or revealed too late, or
--     where the event's waitlist has closed;
--   frozen to frozen: the beacon could not be reached, and an hour begins anew.
CREATE OR REPLACE FUNCTION evently_draws_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event events := evently_lock_event(OLD.event_id);
    clock timestamptz := evently_clock();
    step text := OLD.status || ' ' || NEW.status;
    result draws := OLD;
BEGIN
    -- The steps write over what they compute; nothing else changes.
    IF to_jsonb(NEW) - ARRAY['status', 'unreachable_at', 'beacon_value', 'secret', 'void_reason']
            IS DISTINCT FROM
            to_jsonb(OLD) - ARRAY['status', 'unreachable_at', 'beacon_value', 'secret', 'void_reason']
    THEN
        PERFORM evently_refuse(OLD.event_id, 'trg_draw_final');
    END IF;
    result.status := NEW.status;
    IF step IN ('open frozen', 'frozen drawn') AND clock <
        (CASE WHEN step = 'open frozen' THEN OLD.closes_at ELSE OLD.beacon_at END)
    THEN
        PERFORM evently_refuse(OLD.event_id, 'trg_draw_early');
    END IF;
    IF (step = 'open frozen' AND clock >= OLD.beacon_at)
        OR (step IN ('frozen drawn', 'frozen frozen') AND clock > OLD.reveal_by)
    THEN
        PERFORM evently_refuse(OLD.event_id, 'trg_draw_late');
    END IF;
    IF step = 'open frozen' THEN
        result.refs := evently_draw_list(OLD.event_id, OLD.closes_at);
        result.lots := cardinality(result.refs);
        result.list_hash := evently_list_hash(result.refs);
        result.frozen_at := clock;
        result.reveal_by := OLD.beacon_at + interval '1 hour';
    ELSIF step = 'frozen drawn' THEN
        IF evently_sha256(NEW.secret) IS DISTINCT FROM OLD.commitment THEN
            PERFORM evently_refuse(OLD.event_id, 'trg_draw_secret');
        END IF;
        result.secret := NEW.secret;
        result.beacon_value := NEW.beacon_value;
        result.seed := evently_sha256(concat(
            NEW.secret, E'\n', OLD.list_hash, E'\n', NEW.beacon_value, E'\n'));
        result.ended_at := clock;
    ELSIF step IN ('open void', 'frozen void') THEN
        IF NOT (OLD.status = 'open' AND (clock < OLD.closes_at OR clock >= OLD.beacon_at)
            OR OLD.status = 'frozen' AND clock > OLD.reveal_by
            OR event.status <> 'active' OR evently_line_closes_at(event) <= clock)
        THEN
            PERFORM evently_refuse(OLD.event_id, 'trg_draw_void');
        END IF;
        result.void_reason := NEW.void_reason;
        result.ended_at := clock;
    ELSIF step = 'frozen frozen' AND OLD.beacon = 'drand' AND clock >= OLD.beacon_at THEN
        result.unreachable_at := clock;
        result.reveal_by := clock + interval '1 hour';
    ELSE
        PERFORM evently_refuse(OLD.event_id, 'trg_draw_final');
    END IF;
    RETURN result;
END
$$;

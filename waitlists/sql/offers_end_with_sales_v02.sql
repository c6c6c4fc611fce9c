-- End pending promotions no later than the waitlist closes, when that moves forward.
CREATE OR REPLACE FUNCTION evently_offers_end_with_sales() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    closes timestamptz := evently_line_closes_at(NEW);
BEGIN
    UPDATE waitlist_promotions SET
        expires_at = greatest(closes, promoted_at + interval '1 microsecond'),
        window_minutes = greatest(1, least(window_minutes,
            ceil(extract(epoch FROM closes - promoted_at) / 60)))
    WHERE event_id = NEW.id AND status = 'pending' AND expires_at > closes;
    RETURN NULL;
END
$$;

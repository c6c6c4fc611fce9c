-- Allow only legal changes of a promotion: it ends once, and is used only in time. The reason that an
-- organizer gave is erased with its person, also after the end.
CREATE OR REPLACE FUNCTION evently_promotions_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.organizer_reason = '(erased)' AND OLD.organizer_reason <> '' THEN
        OLD.organizer_reason := NEW.organizer_reason;
        IF NEW IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    IF OLD.status <> 'pending'
        OR (NEW.id, NEW.event_id, NEW.user_id, NEW.waitlist_id, NEW.quantity, NEW.unit_price,
            NEW.promoted_at, NEW.promotion_reason, NEW.organizer_reason, NEW.position_before,
            NEW.is_at_night)
            IS DISTINCT FROM
           (OLD.id, OLD.event_id, OLD.user_id, OLD.waitlist_id, OLD.quantity, OLD.unit_price,
            OLD.promoted_at, OLD.promotion_reason, OLD.organizer_reason, OLD.position_before,
            OLD.is_at_night)
        OR (NEW.expires_at <> OLD.expires_at AND NOT evently_by_trigger(TG_RELID))
    THEN
        RAISE EXCEPTION 'promotion % has ended or cannot change like this', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_promotion_final';
    END IF;
    IF NEW.status = 'used' AND evently_clock() >= OLD.expires_at THEN
        RAISE EXCEPTION 'promotion % ended at %', OLD.id, OLD.expires_at
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_promotion_time';
    END IF;
    NEW.ref := coalesce(OLD.ref, NEW.ref);
    IF NEW.status <> 'pending' THEN
        NEW.ended_at := evently_clock();
    END IF;
    RETURN NEW;
END
$$;

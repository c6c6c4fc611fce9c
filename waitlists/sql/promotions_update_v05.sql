-- Allow only legal changes of a promotion: it ends once, and is used only in time. Its end moves once
-- to a later time, as the message about it came late or not at all: to twice the time that it first
-- had, at most, and by no visitor, attendee or organizer. The reason that an organizer gave is erased
-- with its person, also after the end.
CREATE OR REPLACE FUNCTION evently_promotions_update() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_moved boolean := (NEW.first_expires_at, NEW.moved_reason)
        IS DISTINCT FROM (OLD.first_expires_at, OLD.moved_reason);
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
        OR (NEW.expires_at <> OLD.expires_at AND NOT is_moved AND NOT evently_by_trigger(TG_RELID))
        OR (OLD.message_lost_at IS NOT NULL AND NEW.message_lost_at IS DISTINCT FROM OLD.message_lost_at)
    THEN
        RAISE EXCEPTION 'promotion % has ended or cannot change like this', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_promotion_final';
    END IF;
    IF is_moved AND (OLD.first_expires_at IS NOT NULL
        OR NEW.first_expires_at IS DISTINCT FROM OLD.expires_at
        OR NEW.status <> 'pending'
        OR NEW.expires_at <= OLD.expires_at
        OR NEW.expires_at > OLD.promoted_at + 2 * (OLD.expires_at - OLD.promoted_at)
        OR current_setting('role') IN ('evently_visitor', 'evently_attendee', 'evently_organizer'))
    THEN
        RAISE EXCEPTION 'the end of promotion % cannot move from % to %',
                OLD.id, OLD.expires_at, NEW.expires_at
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_promotion_moved';
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

-- Let a rule move a price as it is set, and nothing else move it while the rule is active.
--
-- A transaction that says it is the rule (`evently.price_rule`) may change the price of an event
-- whose rule, of that version, is active: within floor and ceiling, by one step, some time after the
-- last change. Any other change of the price or its currency takes the bounds off the event, which
-- suspends the rule (trg_events_price_suspended).
CREATE OR REPLACE FUNCTION evently_events_price_rule() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    claimed text := nullif(current_setting('evently.price_rule', true), '');
    rule pricing_rules;
    last_change timestamptz;
    step numeric;
BEGIN
    IF pg_trigger_depth() > 1 THEN
        RETURN NEW;
    END IF;
    NEW.price_floor := OLD.price_floor;
    NEW.price_ceiling := OLD.price_ceiling;
    IF NEW.current_price = OLD.current_price AND NEW.currency = OLD.currency THEN
        RETURN NEW;
    END IF;
    IF claimed IS NULL THEN
        NEW.price_floor := NULL;
        NEW.price_ceiling := NULL;
        RETURN NEW;
    END IF;
    SELECT * INTO rule FROM pricing_rules
    WHERE event_id = NEW.id AND enabled AND suspended_at IS NULL
        AND claimed = 'price rule v' || version;
    IF NOT FOUND OR NEW.currency <> OLD.currency THEN
        RAISE EXCEPTION 'event % has no active "%" that changes this', NEW.id, claimed
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_price_rule_active';
    END IF;
    IF NEW.current_price NOT BETWEEN rule.floor AND rule.ceiling THEN
        RAISE EXCEPTION 'event %: % is not between % and %',
                NEW.id, NEW.current_price, rule.floor, rule.ceiling
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_price_rule_bounds';
    END IF;
    step := CASE rule.step_kind WHEN 'percent' THEN OLD.current_price * rule.max_step / 100
        ELSE rule.max_step END;
    IF abs(NEW.current_price - OLD.current_price) > step THEN
        RAISE EXCEPTION 'event %: from % to % is more than a step of %',
                NEW.id, OLD.current_price, NEW.current_price, step
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_price_rule_step';
    END IF;
    SELECT max(applied_at) INTO last_change FROM pricing_history WHERE event_id = NEW.id;
    IF last_change + make_interval(mins => rule.min_interval_minutes) > evently_clock() THEN
        RAISE EXCEPTION 'event %: the price changed at %, less than % minutes ago',
                NEW.id, last_change, rule.min_interval_minutes
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_price_rule_interval';
    END IF;
    RETURN NEW;
END
$$;

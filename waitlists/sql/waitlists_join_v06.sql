-- Check who may join a waitlist, and set what is derived on joining.
--
-- joined_at is set under the event's lock, so no later entry can get ahead of one whose position
-- was shown already. Who let offers run out ranks one lower for each, and may not join after three.
CREATE OR REPLACE FUNCTION evently_waitlists_join() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event events;
    most int;
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.lapses := 0;
        NEW.draw_place := NULL;
        IF NEW.confirmed_at IS NOT NULL AND NOT audit_signed() AND session_user
            <> (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID)
        THEN
            PERFORM evently_refuse(NEW.event_id, 'trg_place_confirmed');
        END IF;
    END IF;
    IF NEW.status <> 'waiting' THEN
        IF NEW.status = 'promoted' THEN
            RAISE EXCEPTION 'only who waits is promoted'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_entry_final';
        END IF;
        SELECT created_by_id INTO NEW.organizer_id FROM events WHERE id = NEW.event_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no event %', NEW.event_id
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'fk_waitlists_event';
        END IF;
        NEW.position := NULL;
        NEW.unit_price := coalesce(NEW.unit_price, 0);
        RETURN NEW;
    END IF;
    event := evently_lock_event(NEW.event_id);
    NEW.organizer_id := event.created_by_id;
    -- Where no price is named, the one of this moment was seen.
    NEW.unit_price := coalesce(NEW.unit_price, event.current_price);
    NEW.joined_at := evently_clock();
    NEW.ranked_at := NULL;
    NEW.draw_place := NULL;
    NEW.passed_over := 0;
    NEW.public_sales_before :=
        coalesce((SELECT public_sales FROM lines WHERE event_id = NEW.event_id), 0);
    NEW.ref := evently_new_ref();
    NEW.position := NULL;
    -- Offers to other addresses of the mailbox were this person's, too. Null where there are none.
    NEW.lapses := greatest(NEW.lapses, (SELECT max(lapses) FROM waitlists
        WHERE event_id = NEW.event_id AND mailbox = NEW.mailbox));
    IF NEW.lapses > 0 THEN
        NEW.priority_score := -NEW.lapses;
        NEW.priority_reason := CASE NEW.lapses WHEN 1 THEN '1 earlier offer ran out.'
            ELSE NEW.lapses || ' earlier offers ran out.' END;
    END IF;
    IF event.id IS NULL THEN
        -- The foreign key is checked at commit, and the event could be made until then.
        RAISE EXCEPTION 'there is no event %', NEW.event_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'fk_waitlists_event';
    END IF;
    IF NOT evently_on_sale(event) THEN
        RAISE EXCEPTION 'event % has no line to join', NEW.event_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_join_closed';
    END IF;
    IF NEW.lapses >= 3 THEN
        RAISE EXCEPTION 'three offers of event % ran out', NEW.event_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_join_lapsed';
    END IF;
    most := least(evently_place_limit(event), event.total_capacity);
    IF NEW.quantity > most THEN
        RAISE EXCEPTION 'event % gives at most % seats at once', NEW.event_id, most
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_join_limit';
    END IF;
    IF event.max_per_person IS NOT NULL
        AND evently_seats_of_person(NEW.event_id, NEW.user_id, NEW.mailbox) + NEW.quantity
            > event.max_per_person
    THEN
        RAISE EXCEPTION 'event % gives at most % seats to one person', NEW.event_id,
                event.max_per_person
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_person_limit';
    END IF;
    IF NEW.min_quantity <= event.available_seats
        AND NOT evently_line_comes_first(event, event.available_seats)
    THEN
        RAISE EXCEPTION 'event % has % seats on sale', NEW.event_id, event.available_seats
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_seats_on_sale';
    END IF;
    RETURN NEW;
END
$$;

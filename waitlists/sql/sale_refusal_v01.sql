-- Why an event sells seats to a person in no case, however many are left: the name of the first rule
-- that refuses, or NULL.
--
-- seats: of one booking. further: how many of them are in no row yet, and so come on top of those that
-- the person holds or claims.
CREATE OR REPLACE FUNCTION evently_sale_refusal(
    e events, seats int, person uuid, their_mailbox text, further int
) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN CASE
        WHEN NOT evently_on_sale(e) THEN 'trg_sales_open'
        WHEN e.draw_closes_at IS NOT NULL THEN 'trg_draw_pending'
        WHEN seats > e.max_per_booking THEN 'trg_booking_limit'
        WHEN e.max_per_person IS NULL THEN NULL
        WHEN evently_seats_of_person(e.id, person, their_mailbox) + further > e.max_per_person
            THEN 'trg_person_limit'
    END;
END
$$;

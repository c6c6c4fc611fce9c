-- Give a new booking its reference: EVT, the day, and ten characters from a scrambled sequence.
CREATE OR REPLACE FUNCTION evently_booking_reference() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    -- Crockford's alphabet: no I, L, O or U, which are misread on paper.
    alphabet constant text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    number bigint;
    characters text := '';
BEGIN
    SELECT evently_scramble(nextval('booking_reference_number'), k.key)
        INTO number FROM secrets.booking_reference_key k;
    FOR place IN 0..9 LOOP
        characters := substr(alphabet, ((number >> (5 * place)) & 31)::int + 1, 1) || characters;
    END LOOP;
    NEW.booking_reference :=
        'EVT' || to_char(evently_clock() AT TIME ZONE 'UTC', 'YYYYMMDD') || characters;
    RETURN NEW;
END
$$;

-- A new pseudonym for one joining of a waitlist: 64 random bits, so that nothing links it to the
-- person, or to another joining of theirs.
CREATE OR REPLACE FUNCTION evently_new_ref() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT left(encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'hex'), 16)
$$;

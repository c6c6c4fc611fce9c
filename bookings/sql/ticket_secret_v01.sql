-- A ticket's secret: 122 random bits, from the same source as random UUIDs.
CREATE OR REPLACE FUNCTION evently_ticket_secret() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT replace(gen_random_uuid()::text, '-', '')
$$;

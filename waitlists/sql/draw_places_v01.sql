-- The places of a draw from 1: its pseudonyms, sorted by the hash of seed and pseudonym.
CREATE OR REPLACE FUNCTION evently_draw_places(seed text, refs text[])
    RETURNS TABLE (ref text, place bigint) LANGUAGE sql IMMUTABLE AS $$
    SELECT lot, row_number() OVER (ORDER BY evently_sha256(seed || lot) COLLATE "C")
    FROM unnest(refs) lot
$$;

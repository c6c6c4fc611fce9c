-- The hash of a draw's list: SHA-256 of its pseudonyms, each with a newline after it.
CREATE OR REPLACE FUNCTION evently_list_hash(refs text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT evently_sha256(coalesce(string_agg(ref || E'\n', '' ORDER BY number), ''))
    FROM unnest(refs) WITH ORDINALITY AS lots (ref, number)
$$;

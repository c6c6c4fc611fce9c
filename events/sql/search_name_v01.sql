-- A name as its words with single blanks: two names are the same to search if these are.
CREATE OR REPLACE FUNCTION evently_search_name(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
SELECT coalesce(string_agg(unit, ' ' ORDER BY "position"), '') FROM evently_search_tokens(value);
$$;

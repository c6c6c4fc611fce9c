-- A word in a to z and digits, for trigrams: pg_trgm drops other letters where the locale is C.
-- Different letters may share one; what is found by trigrams is compared letter by letter.
CREATE OR REPLACE FUNCTION evently_search_shape(word text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
SELECT CASE
    WHEN word ~ '^[a-z0-9]*$' THEN word
    ELSE (
        SELECT string_agg(
            CASE WHEN letter ~ '[a-z0-9]' THEN letter ELSE chr(97 + ascii(letter) % 26) END,
            '' ORDER BY place
        )
        FROM regexp_split_to_table(word, '') WITH ORDINALITY AS letters (letter, place)
    )
END;
$$;

-- What the search of an event looks up: its words, by where they stand (n: in the name, v: in name or
-- venue, d: anywhere, description included).
--
-- "nroofs" is the word roofs in the name, "n=roof" any word there with that stem, "e…" the digest of
-- the whole name. Names and venues keep all words, the description leaves out stop words. Positions
-- allow phrases. German spellings with ae, oe, ue are found as well.
--
-- PostgreSQL takes each part of a text for a thousand rows, so it would compile this each time (JIT)
-- where that is not switched off.
CREATE OR REPLACE FUNCTION evently_search_vector(name text, venue text, description text)
RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET jit = off
AS $$
WITH places (field, place, shift) AS (
    -- Apart from each other, so that no phrase begins in one field and ends in the next.
    VALUES ('n', 'n', 0), ('n', 'v', 0), ('n', 'd', 0),
        ('v', 'v', 1000), ('v', 'd', 1000), ('d', 'd', 2000)
), fields (field, value) AS (
    VALUES ('n', name), ('v', venue), ('d', left(description, 20000))
), spelled (field, value) AS (
    SELECT field, value FROM fields
    UNION ALL
    SELECT field, replace(replace(replace(replace(replace(replace(value,
        'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'Ä', 'Ae'), 'Ö', 'Oe'), 'Ü', 'Ue')
    FROM (SELECT field, normalize(value, NFC) AS value FROM fields) AS composed
    WHERE value ~ '[äöüÄÖÜ]'
), tokens AS (
    SELECT field, token.* FROM spelled, evently_search_tokens(value) AS token
), words (field, word, "position", is_run) AS (
    SELECT field, unit, "position", false FROM tokens WHERE NOT is_run
    UNION ALL
    SELECT field, other, "position", false FROM tokens WHERE other IS NOT NULL
    UNION ALL
    SELECT field, part, "position" + place::integer - 1, is_run
    FROM tokens, unnest(parts) WITH ORDINALITY AS split (part, place)
    WHERE is_run OR cardinality(parts) > 1
    UNION ALL
    SELECT field, letter, "position" + place::integer - 1, true
    FROM tokens, regexp_split_to_table(unit, '') WITH ORDINALITY AS letters (letter, place)
    WHERE is_run AND length(unit) > 1
), stems AS (
    SELECT word, is_run, CASE WHEN is_run THEN word ELSE evently_search_stem(word) END AS stem
    FROM (SELECT DISTINCT word, is_run FROM words) AS once
), stemmed AS (
    SELECT DISTINCT field, word, "position", stem FROM words JOIN stems USING (word, is_run)
), lexemes (lexeme, "position") AS (
    SELECT place || word, "position" + shift
    FROM stemmed JOIN places USING (field) WHERE field <> 'd' OR stem <> ''
    UNION
    SELECT place || '=' || coalesce(nullif(stem, ''), word), "position" + shift
    FROM stemmed JOIN places USING (field) WHERE field <> 'd' OR stem <> ''
    UNION ALL
    SELECT 'e' || md5(evently_search_name(name)), 1
)
SELECT coalesce(
    string_agg('''' || lexeme || ''':' || least("position", 16383), ' ' ORDER BY "position"), ''
)::tsvector
FROM lexemes;
$$;

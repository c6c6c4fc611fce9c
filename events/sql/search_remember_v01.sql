-- Remember the longer words of an event that are new, for the search with typing errors.
-- search_words has no unique constraint on purpose: transactions never wait for each other's words.
CREATE OR REPLACE FUNCTION evently_search_remember(found tsvector) RETURNS void
LANGUAGE sql
AS $$
INSERT INTO search_words (word, shape)
SELECT word, evently_search_shape(word)
FROM (
    SELECT DISTINCT substr(lexeme, 2) AS word FROM unnest(tsvector_to_array(found)) AS lexeme
    WHERE lexeme ~ '^d[^=]{3,}$' AND substr(lexeme, 2) ~ '[^0-9]'
) AS words
WHERE NOT EXISTS (SELECT FROM search_words AS known WHERE known.word = words.word);
$$;

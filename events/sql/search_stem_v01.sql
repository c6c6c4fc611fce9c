-- A word without its English inflection ("roofs" is roof, "dancing" and "dances" are danc); '' for
-- a stop word. The stemmer's other steps are left out: they make an organ of an organization.
CREATE OR REPLACE FUNCTION evently_search_stem(word text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    stemmed text;
BEGIN
    IF word !~ '^[a-z]+$' THEN
        RETURN word;
    END IF;
    stemmed := coalesce((ts_lexize('pg_catalog.english_stem', word))[1], '');
    IF stemmed = '' OR word IN (
        'arent', 'cant', 'couldnt', 'didnt', 'doesnt', 'dont', 'hadnt', 'hasnt', 'havent', 'hes',
        'im', 'isnt', 'its', 'ive', 'lets', 'shes', 'shouldnt', 'thats', 'theres', 'theyre',
        'wasnt', 'werent', 'whats', 'whos', 'wont', 'wouldnt', 'youll', 'youre', 'youve'
    ) THEN
        RETURN '';
    ELSIF stemmed = word OR length(word) < 4 OR word = 'evening' THEN
        RETURN word;
    ELSIF word = 'evenings' THEN
        RETURN 'evening';
    ELSIF left(word, -1) || 'i' = stemmed THEN
        RETURN stemmed;
    ELSIF starts_with(word, stemmed)
        AND substr(word, length(stemmed) + 1) ~ '^(s|es|e|[bdfglmnprt]?(ed|ing|ings))$'
    THEN
        RETURN stemmed;
    END IF;
    RETURN word;
END
$$;

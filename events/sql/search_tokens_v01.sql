-- The words of a text, in order, for indexing and for queries alike.
--
-- unit: the word, without apostrophes and hyphens inside it ("hip-hop" is hiphop).
-- parts: what these separate (hip, hop); for a run of a script without spaces its pairs of
-- characters, which find any part of it. position: of the first part.
-- is_run: whether it is such a run. other: another spelling that is in use ("king's" is king, an
-- Arabic word stands without its article), or null.
CREATE OR REPLACE FUNCTION evently_search_tokens(value text)
RETURNS TABLE ("position" integer, unit text, parts text[], is_run boolean, other text)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    -- Neither letters nor digits, of any script: decided here, since locales differ.
    separators CONSTANT text := '\u0001-/:-@\[-`{-\u00BF×÷\u02C2-\u02DF\u055A-\u055F\u0589\u05BE'
        '\u05C0\u05C3\u05F3\u05F4\u060C\u061B\u061F\u066A-\u066D\u06D4\u0964\u0965\u2000-\u2BFF'
        '\u2E00-\u2E7F\u3000-\u3004\u3007-\u3020\u3030\u303D\u30FB\uE000-\uF8FF\uFE10-\uFE6F'
        '\uFF00-\uFF0F\uFF1A-\uFF20\uFFE0-\uFFFF\U0001F000-\U0001FAFF';
    unspaced CONSTANT text := '\u0E01-\u0EFF\u1000-\u109F\u1780-\u17FF\u2E80-\u2FFF\u3005\u3006'
        '\u3021-\u302F\u3031-\u303C\u3040-\u30FA\u30FC-\u312F\u31F0-\u31FF\u3400-\u9FFF'
        '\uA960-\uA97F\uAC00-\uD7FF\uF900-\uFAFF\U00020000-\U0003FFFF';
    folded text := evently_search_fold(value);
    has_runs CONSTANT boolean := folded ~ ('[' || unspaced || ']');
    found text;
    head text;
BEGIN
    IF has_runs THEN
        folded := regexp_replace(folded, '([' || unspaced || ']+)', ' \1 ', 'g');
    END IF;
    "position" := 1;
    FOR found IN
        SELECT match[1] FROM regexp_matches(
            folded, '([^' || separators || ']+(?:[-''.&][^' || separators || ']+)*)', 'g'
        ) AS match
    LOOP
        is_run := has_runs AND found ~ ('^[' || unspaced || ']');
        other := NULL;
        IF is_run THEN
            unit := left(found, 200);
            parts := ARRAY(
                SELECT substr(unit, n, 2) FROM generate_series(1, greatest(length(unit) - 1, 1)) AS n
            );
            RETURN NEXT;
            "position" := "position" + length(unit);
            CONTINUE;
        END IF;
        IF found ~ '[-''.&]' THEN
            -- The end of a contraction (don't, we'll, king's) is no word of its own.
            head := regexp_replace(found, '''(s|t|ll|re|ve|d|m)$', '');
            IF head <> found AND found !~ '''s$' THEN
                head := replace(found, '''', '');
            END IF;
            unit := left(regexp_replace(found, '[-''.&]', '', 'g'), 60);
            parts := ARRAY(
                SELECT left(part, 60) FROM regexp_split_to_table(head, '[-''.&]') AS part
            );
            other := nullif(left(regexp_replace(head, '[-''.&]', '', 'g'), 60), unit);
        ELSE
            unit := left(found, 60);
            parts := ARRAY[unit];
            IF unit ~ '^ال...' THEN
                other := substr(unit, 3);
            END IF;
        END IF;
        RETURN NEXT;
        "position" := "position" + cardinality(parts);
    END LOOP;
END
$$;

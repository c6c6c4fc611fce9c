-- A text as search compares it: lower case, without accents and invisible characters, with one
-- kind of apostrophe, dash and digit. Letters that Unicode does not take apart are spelled out.
CREATE OR REPLACE FUNCTION evently_search_fold(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
SELECT replace(replace(replace(replace(replace(replace(
    translate(
        normalize(
            regexp_replace(
                normalize(
                    lower(normalize(
                        translate(value, '´`‘’‚‛ʻʼʹ′＇‐‑‒–—―−﹘﹣－', '''''''''''''''''''''''---------'),
                        NFKC
                    )),
                    NFKD
                ),
                -- Accents, points of Hebrew and Arabic, tatweel, joiners, direction marks.
                '[\u0300-\u036F\u0483-\u0487\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7'
                '\u0610-\u061A\u0640\u064B-\u065F\u0670\u06D6-\u06ED\u00AD\u200B-\u200F\u202A-\u202E'
                '\u2060-\u2064\uFE00-\uFE0F\uFEFF]',
                '', 'g'
            ),
            NFC
        ),
        'øłđðħıŧŋςىةکی٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹',
        'olddhitnσيهكي01234567890123456789'
    ),
    'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'c++', 'cplusplus'), 'c#', 'csharp');
$$;

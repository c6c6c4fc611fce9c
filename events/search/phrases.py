"""What was typed, taken apart: words, "quoted phrases", -excluded words, `or`.

Words become lexemes by the database's own functions (`events/sql/search_*.sql`), which have indexed
the events by the same rules.
"""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any

from django.db import connection

from evently.database.prepared import execute_prepared
from evently.kept import KeptByKey

LONGEST_SEARCH = 200
# More words than this narrow no search any further.
MOST_WORDS = 16
# Neighbouring words are also tried as one, as in "candle light", where there are not too many.
MOST_WORDS_TO_JOIN = 6
# All words that begin as an unfinished one are searched for by name, where there are few of them.
MOST_COMPLETIONS = 20
# Shorter words are not remembered (`events/sql/search_remember_v01.sql`).
SHORTEST_REMEMBERED = 3

QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″", '"'))
PIECE = re.compile(
    r'(?P<minus>(?:(?<=\s)|\A)[-−]+(?=[^\s-]))?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))'
)
DIGITS = re.compile("[0-9]*")
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})

_looked_up: KeptByKey[list[tuple[Any, ...]]] = KeptByKey(1024 * 1024)


@dataclass(frozen=True)
class Word:
    """One word of a search, as `evently_search_tokens()` returns it, with its stem."""

    unit: str
    parts: tuple[str, ...]
    is_run: bool = False
    stem: str = ""
    # Another spelling of the unit, such as koeln for Köln.
    other: str = ""
    # All words that begin like it; None where they are not known, or too many.
    completions: tuple[str, ...] | None = None

    @property
    def is_stop_word(self) -> bool:
        return self.stem == ""


@dataclass(frozen=True)
class Term:
    """Words that stand together: one word, or a quoted phrase."""

    words: tuple[Word, ...]
    is_phrase: bool = False
    is_excluded: bool = False
    # Whether more letters of the last word may follow.
    is_unfinished: bool = False

    @property
    def is_single(self) -> bool:
        """Whether it is one word with blanks around."""
        return not self.is_phrase and not self.words[0].is_run

    @property
    def is_stop_word(self) -> bool:
        return all(word.is_stop_word for word in self.words)


@dataclass(frozen=True)
class Phrases:
    """A search: events that match all terms of any group, and none of the excluded ones."""

    typed: str
    groups: tuple[tuple[Term, ...], ...]
    excluded: tuple[Term, ...]
    # The md5 of the whole text as a name (see `evently_search_name()`).
    digest: str = ""

    @property
    def words(self) -> list[Word]:
        """All words that are searched for, outside of phrases."""
        return [
            word
            for group in self.groups
            for term in group
            if not term.is_phrase
            for word in term.words
        ]

    def replacing(self, spellings: dict[str, list[Term]]) -> "Phrases":
        """Return the same search with words replaced; one of several spellings is enough each."""
        groups: list[tuple[Term, ...]] = []
        for group in self.groups:
            grown: list[tuple[Term, ...]] = [()]
            for term in group:
                grown = [
                    (*beginning, *choice)
                    for beginning in grown
                    for choice in _spelled(term, spellings)
                ]
            groups += grown
        return Phrases(self.typed, tuple(groups), self.excluded)


def _spelled(term: Term, spellings: dict[str, list[Term]]) -> list[tuple[Term, ...]]:
    if term.is_phrase or term.words[0].unit not in spellings:
        return [(term,)]
    return [(spelling,) for spelling in spellings[term.words[0].unit]]


@dataclass
class _Piece:
    text: str
    is_phrase: bool
    is_excluded: bool
    tokens: list[Word] = field(default_factory=list)


def read(text: str) -> Phrases:
    """Take a typed text apart; one query, two for several words."""
    typed = unicodedata.normalize("NFC", _printable(text)[:LONGEST_SEARCH]).translate(QUOTES)
    pieces = [
        _Piece(
            match["word"] if match["phrase"] is None else match["phrase"],
            is_phrase=match["phrase"] is not None,
            is_excluded=bool(match["minus"]),
        )
        for match in PIECE.finditer(typed)
    ]
    digest = _look_up(pieces, typed)
    groups: list[list[Term]] = [[]]
    excluded: list[Term] = []
    for number, piece in enumerate(pieces):
        is_last = number == len(pieces) - 1
        if _is_or(piece) and not is_last and groups[-1]:
            groups.append([])
            continue
        terms = _terms(piece, is_unfinished=is_last and typed[-1:].isalnum())
        (excluded if piece.is_excluded else groups[-1]).extend(terms)
    found = [tuple(group[:MOST_WORDS]) for group in groups if group]
    found = _with_known_words(found)
    return Phrases(
        typed=" ".join(typed.split()),
        groups=tuple(found),
        excluded=tuple(excluded[:MOST_WORDS]),
        digest="" if excluded else digest,
    )


def _printable(text: str) -> str:
    """Drop what PostgreSQL takes in no text: null bytes and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()


def _is_or(piece: _Piece) -> bool:
    return not piece.is_phrase and not piece.is_excluded and piece.text.lower() == "or"


def _terms(piece: _Piece, *, is_unfinished: bool) -> list[Term]:
    """Return a phrase as one term, and words as one each."""
    words = piece.tokens
    if not words:
        return []
    if piece.is_phrase or piece.is_excluded:
        return [Term(tuple(words), is_phrase=len(words) > 1, is_excluded=piece.is_excluded)]
    return [
        Term((word,), is_unfinished=is_unfinished and word is words[-1] and not word.is_run)
        for word in words
    ]


def _with_known_words(groups: list[tuple[Term, ...]]) -> list[tuple[Term, ...]]:
    """Return several words as events spell them; one query.

    Two neighbours may also be one word, where some event has that word. The unfinished word is
    known with its completions, as their lists in the index are merged sooner than all that begins
    like it is gathered.
    """
    joined = _joined(groups)
    if not joined:
        return groups
    unfinished = next((t.words[0].unit for g in groups for t in g if t.is_unfinished), "")
    is_remembered = len(unfinished) >= SHORTEST_REMEMBERED and not DIGITS.fullmatch(unfinished)
    beginning = unfinished if is_remembered else None
    values = [list(joined), beginning, beginning, MOST_COMPLETIONS + 1]
    stems: dict[str, str] = {}
    longer: list[str] = []
    for word, stem in execute_prepared(connection, KNOWN_WORDS, values):
        if stem is None:
            longer.append(word)
        else:
            stems[word] = stem
    if is_remembered and len(longer) <= MOST_COMPLETIONS:
        completions = tuple(dict.fromkeys((unfinished, *longer)))
        groups = [tuple(_completed(term, completions) for term in group) for group in groups]
    return groups + [
        tuple(_with_stem(term, stems) for term in group)
        for unit, several in joined.items()
        if unit in stems
        for group in several
    ]


def _joined(groups: list[tuple[Term, ...]]) -> dict[str, list[tuple[Term, ...]]]:
    """Return the groups in which two neighbours are one word, by that word."""
    joined: dict[str, list[tuple[Term, ...]]] = {}
    for group in groups:
        if len(group) > MOST_WORDS_TO_JOIN:
            continue
        for place, (left, right) in enumerate(pairwise(group)):
            if left.is_single and right.is_single:
                unit = left.words[0].unit + right.words[0].unit
                pair = Term((Word(unit, (unit,), stem=unit),), is_unfinished=right.is_unfinished)
                joined.setdefault(unit, []).append((*group[:place], pair, *group[place + 2 :]))
    return joined


def _completed(term: Term, completions: tuple[str, ...]) -> Term:
    if not term.is_unfinished:
        return term
    return replace(term, words=(replace(term.words[0], completions=completions),))


def _with_stem(term: Term, stems: dict[str, str]) -> Term:
    word = term.words[0]
    if not term.is_single or word.unit not in stems:
        return term
    return replace(term, words=(replace(word, stem=stems[word.unit]),))


# The words of a list with their stems; and some that begin with a word, if one is given.
KNOWN_WORDS = """
    SELECT word, evently_search_stem(word) FROM search_words WHERE word = ANY(%s)
    UNION ALL
    (
        SELECT word, NULL FROM search_words
        WHERE shape LIKE evently_search_shape(%s) || '%%' AND starts_with(word, %s) LIMIT %s
    )
"""
# The words of each piece, spelled as typed and with ae for ä; at last the digest of the whole.
LOOK_UP = """
    SELECT piece, unit, parts, is_run, coalesce(other, ''),
        CASE WHEN is_run THEN unit ELSE evently_search_stem(unit) END
    FROM unnest(%s::text[]) WITH ORDINALITY AS pieces (text, piece), evently_search_tokens(text)
    UNION ALL
    SELECT 0, md5(name), ARRAY[name], false, '', name
    FROM (SELECT evently_search_name(%s) AS name) AS whole
    ORDER BY piece
"""


def _look_up(pieces: list[_Piece], typed: str) -> str:
    """Fill in the words of the pieces; return the digest of the whole text as a name."""
    texts = [piece.text for piece in pieces]
    spelled = [text.translate(UMLAUTS) for text in texts]
    different = [
        n for n, (text, other) in enumerate(zip(texts, spelled, strict=True)) if text != other
    ]
    texts += [spelled[n] for n in different]
    # The same words follow from the same text, and many search for the same.
    look_up = partial(execute_prepared, connection, LOOK_UP, [texts, typed])
    rows = _looked_up.get(typed, texts, look_up)
    digest = ""
    others: dict[int, list[str]] = {}
    for piece, unit, parts, is_run, other, stem in rows:
        if piece == 0:
            digest = unit if parts[0] else ""
        elif piece <= len(pieces):
            pieces[piece - 1].tokens.append(Word(unit, tuple(parts), is_run, stem, other))
        else:
            others.setdefault(different[piece - len(pieces) - 1], []).append(unit)
    for number, units in others.items():
        tokens = pieces[number].tokens
        if len(units) == len(tokens):
            pieces[number].tokens = [
                Word(
                    word.unit,
                    word.parts,
                    word.is_run,
                    word.stem,
                    unit if unit != word.unit else word.other,
                )
                for word, unit in zip(tokens, units, strict=True)
            ]
    return digest

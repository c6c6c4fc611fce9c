"""What was typed, taken apart: words, "quoted phrases", -excluded words, `or`.

Words become lexemes by the database's own functions (`events/sql/search_*.sql`), which have indexed
the events by the same rules.
"""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from itertools import pairwise

from django.db import connection

LONGEST_SEARCH = 200
# More words than this narrow no search any further.
MOST_WORDS = 16
# Neighbouring words are also tried as one, as in "candle light", where there are not too many.
MOST_WORDS_TO_JOIN = 6

QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″", '"'))
PIECE = re.compile(
    r'(?P<minus>(?:(?<=\s)|\A)[-−]+(?=[^\s-]))?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))'
)
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


@dataclass(frozen=True)
class Word:
    """One word of a search, as `evently_search_tokens()` returns it, with its stem."""

    unit: str
    parts: tuple[str, ...]
    is_run: bool = False
    stem: str = ""
    # Another spelling of the unit, such as koeln for Köln.
    other: str = ""

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
    """Take a typed text apart; one query."""
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
    found += _joined(found)
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


def _joined(groups: list[tuple[Term, ...]]) -> list[tuple[Term, ...]]:
    """Return the groups in which two neighbours are one word, where some event has that word."""
    joined: dict[str, list[tuple[Term, ...]]] = {}
    for group in groups:
        if len(group) > MOST_WORDS_TO_JOIN:
            continue
        for place, (left, right) in enumerate(pairwise(group)):
            if left.is_single and right.is_single:
                unit = left.words[0].unit + right.words[0].unit
                pair = Term((Word(unit, (unit,), stem=unit),), is_unfinished=right.is_unfinished)
                joined.setdefault(unit, []).append((*group[:place], pair, *group[place + 2 :]))
    if not joined:
        return []
    with connection.cursor() as cursor:
        cursor.execute(JOINED, [list(joined)])
        stems = dict(cursor.fetchall())
    return [
        tuple(_with_stem(term, stems) for term in group)
        for unit, several in joined.items()
        if unit in stems
        for group in several
    ]


def _with_stem(term: Term, stems: dict[str, str]) -> Term:
    word = term.words[0]
    if not term.is_single or word.unit not in stems:
        return term
    return replace(term, words=(replace(word, stem=stems[word.unit]),))


JOINED = """
    SELECT DISTINCT word, evently_search_stem(word) FROM search_words WHERE word = ANY(%s)
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
    with connection.cursor() as cursor:
        cursor.execute(LOOK_UP, [texts + [spelled[n] for n in different], typed])
        rows = cursor.fetchall()
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

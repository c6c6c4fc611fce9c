"""Typing errors: the words of events that a word was probably meant to be.

Only words that no event has are corrected. A correction is certain enough to show its events, or
is only suggested; a wrong guess would show events that have nothing to do with the search.
"""

from dataclasses import dataclass

from django.db import connection

from evently.database.prepared import execute_prepared
from events.search.conditions import has_any
from events.search.lexemes import anywhere
from events.search.listed import Listed
from events.search.phrases import Phrases, Term, Word

SHORTEST_CORRECTED = 4
MOST_CORRECTED = 4
# Of the words at the same distance.
MOST_SPELLINGS = 4
SHORTEST_HALF = 3
ALIKE = 0.4
VOWELS = set("aeiouyäöü")

NEAR = """
    SELECT word, max(similarity(shape, evently_search_shape(%(word)s))) AS alike,
        evently_search_stem(word)
    FROM search_words
    WHERE shape %% evently_search_shape(%(word)s)
        AND length(word) BETWEEN length(%(word)s) - 2 AND length(%(word)s) + 2
    GROUP BY word ORDER BY alike DESC, word LIMIT 40
"""
KNOWN = "SELECT DISTINCT word, evently_search_stem(word) FROM search_words WHERE word = ANY(%s)"


@dataclass(frozen=True)
class Spelling:
    """What a word was probably meant to be. is_certain: whether its events may be shown."""

    words: tuple[Word, ...]
    steps: int
    is_certain: bool

    @property
    def text(self) -> str:
        return " ".join(word.unit for word in self.words)

    @property
    def term(self) -> Term:
        return Term(self.words, is_phrase=len(self.words) > 1)


@dataclass(frozen=True)
class Correction:
    """A search with other spellings. text: as a person would type it."""

    phrases: Phrases
    text: str
    is_certain: bool


def correct(search: Phrases, *, known: Listed) -> Correction | None:
    """Return the search without typing errors; None where no word is near to a missing one.

    known: the events whose words count as spelled correctly.
    """
    missing = [word for word in dict.fromkeys(search.words) if _is_missing(word, known)]
    if not missing or len(missing) > MOST_CORRECTED:
        return None
    spellings: dict[str, list[Term]] = {}
    text, is_certain = search.typed.casefold(), True
    for word in missing:
        found = [one for one in _spellings(word.unit) if _occurs(one, known)]
        certain = [one for one in found if one.is_certain]
        if not found:
            return None
        is_certain = is_certain and bool(certain)
        chosen = (certain or found)[:MOST_SPELLINGS]
        spellings[word.unit] = [one.term for one in chosen]
        text = _replaced(text, word.unit, chosen[0].text)
    return Correction(search.replacing(spellings), text, is_certain)


def _is_missing(word: Word, known: Listed) -> bool:
    if word.is_stop_word or word.is_run or len(word.unit) < SHORTEST_CORRECTED:
        return False
    if any(letter.isdigit() for letter in word.unit):
        return False
    term = Term((word,), is_unfinished=True)
    return not _has_events(Phrases("", ((term,),), ()), known)


def _occurs(spelling: Spelling, known: Listed) -> bool:
    return _has_events(Phrases("", ((spelling.term,),), ()), known)


def _has_events(search: Phrases, events: Listed) -> bool:
    return has_any(events, anywhere(search))


def _replaced(text: str, typed: str, meant: str) -> str:
    """Return the text with a word replaced; with all of it, where it was typed otherwise."""
    words = [meant if word.strip("\"'.,-!?") == typed else word for word in text.split()]
    return " ".join(words) if meant in words else meant


def _spellings(typed: str) -> list[Spelling]:
    """Return the nearest words, nearest first, and the two words that were typed as one."""
    ends = range(SHORTEST_HALF, len(typed) - SHORTEST_HALF + 1)
    halves = [(typed[:end], typed[end:]) for end in ends]
    near = execute_prepared(connection, NEAR, {"word": typed})
    wanted = [half for pair in halves for half in pair] + _swapped(typed)
    stems = dict(execute_prepared(connection, KNOWN, [wanted]))
    # Swapped letters leave short words few trigrams in common.
    seen = {word for word, _, _ in near}
    near += [(word, 0, stems[word]) for word in _swapped(typed) if word in stems.keys() - seen]
    split = [
        Spelling(tuple(Word(half, (half,), stem=stems[half]) for half in pair), 1, is_certain=True)
        for pair in halves
        if stems.keys() >= set(pair)
    ]
    spellings = []
    for word, alike, stem in near:
        steps = distance(typed, word)
        if 0 < steps <= (1 if min(len(typed), len(word)) <= SHORTEST_CORRECTED else 2):
            is_certain = _is_certain(typed, word, steps, alike)
            spellings.append(Spelling((Word(word, (word,), stem=stem),), steps, is_certain))
    spellings.sort(key=lambda one: (not one.is_certain, one.steps))
    certain = [one for one in spellings if one.is_certain and one.steps == spellings[0].steps]
    return split + certain if split or certain else spellings[:1]


def _swapped(typed: str) -> list[str]:
    """Return a word with each two neighbours swapped, apart from the first letter."""
    swaps = range(1, len(typed) - 1)
    words = [typed[:i] + typed[i + 1] + typed[i] + typed[i + 2 :] for i in swaps]
    return [word for word in words if word != typed]


def _is_certain(typed: str, word: str, steps: int, alike: float) -> bool:
    """Tell whether a word is so near that its events may be shown."""
    shorter = min(len(typed), len(word))
    is_same_start = typed[0] == word[0]
    lacks_start = word.endswith(typed) or typed.endswith(word)
    if not (is_same_start or (lacks_start and shorter > SHORTEST_CORRECTED)):
        return False
    if shorter <= SHORTEST_CORRECTED:
        # Other words of four letters are too near: only swapped and doubled letters.
        return steps == 1 and set(typed) == set(word)
    if steps == 1:
        return alike > ALIKE or len(typed) != len(word) or _differs_by_vowels(typed, word)
    return steps == 2 and shorter >= 8 and alike >= ALIKE


def _differs_by_vowels(typed: str, word: str) -> bool:
    """Tell whether words of one length have only vowels, or swapped letters, in other places."""
    different = [pair for pair in zip(typed, word, strict=True) if pair[0] != pair[1]]
    swapped = len(different) == 2 and different[0] == different[1][::-1]
    return swapped or all(VOWELS.issuperset(pair) for pair in different)


def distance(typed: str, word: str) -> int:
    """Return how many letters were left out, added, replaced or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(word) + 1))
    for i, letter in enumerate(typed, start=1):
        before, last, row = row, before, [i]
        for j, other in enumerate(word, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == word[j - 2] and typed[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]

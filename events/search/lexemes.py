"""A search as text search queries of PostgreSQL, one for each tier of relevance.

The tiers contain each other: each finds what the one before finds, and more.
"""

from collections.abc import Sequence
from itertools import pairwise

from events.search.phrases import Phrases, Term, Word

# Where words are looked for: in the name, in name or venue, anywhere.
NAME, PLACED, ANYWHERE = "n", "v", "d"
# In descriptions, shorter beginnings of words find too much.
SHORTEST_BEGINNING = 3


def tiers_of(search: Phrases) -> list[str]:
    """Return the queries by relevance, best first; none if there is nothing to search for.

    The same name; all words in the name; the beginning of the last one too; in name or venue;
    anywhere.
    """
    if not search.groups and not search.excluded:
        return []
    same = [f"'e{search.digest}'"] if search.digest else []
    tiers = [
        same,
        same + _any_group(search, NAME, whole=True),
        same + _any_group(search, NAME),
        same + _any_group(search, PLACED),
        same + _any_group(search, ANYWHERE),
    ]
    if not search.groups:
        tiers = [[_not_excluded(search.excluded)]]
    elif search.excluded:
        without = _not_excluded(search.excluded)
        tiers = [[f"({_any(tier)}) & {without}"] for tier in tiers if tier]
    texts = [_any(tier) for tier in tiers if tier]
    return [text for number, text in enumerate(texts) if number == 0 or text != texts[number - 1]]


def anywhere(search: Phrases) -> str:
    """Return the query of the last tier; "" if there is nothing to search for."""
    tiers = tiers_of(search)
    return tiers[-1] if tiers else ""


def _any(queries: Sequence[str]) -> str:
    return " | ".join(queries)


def _any_group(search: Phrases, where: str, *, whole: bool = False) -> list[str]:
    """Return a query for each group: all its terms in one place."""
    queries = []
    for group in search.groups:
        needed = list(group)
        if not whole:
            # Stop words say nothing, unless there is nothing else.
            needed = [term for term in group if not term.is_stop_word] or needed
        if where == ANYWHERE and all(term.is_stop_word for term in needed):
            where = PLACED
        found = [_term(term, where, whole=whole) for term in needed]
        queries.append("(" + " & ".join(f"({term})" for term in found) + ")")
    return queries


def _not_excluded(excluded: Sequence[Term]) -> str:
    return "!(" + _any([f"({_term(term, ANYWHERE, whole=True)})" for term in excluded]) + ")"


def _term(term: Term, where: str, *, whole: bool) -> str:
    if term.is_phrase:
        return _phrase(term.words, where)
    return _word(term.words[0], where, is_unfinished=term.is_unfinished and not whole)


def _word(word: Word, where: str, *, is_unfinished: bool) -> str:
    """Return the query for all the ways in which a word occurs."""
    if word.is_run:
        return _following(word.parts, where)
    queries = [f"'{where}={word.stem or word.unit}'"]
    if word.other:
        queries.append(f"'{where}={word.other}'")
    if len(word.parts) > 1:
        queries.append(_following(word.parts, where))
    if is_unfinished:
        if len(word.unit) < SHORTEST_BEGINNING and where == ANYWHERE:
            where = PLACED
        if word.completions is None:
            queries.append(f"'{where}{word.unit}':*")
        else:
            queries += [f"'{where}{unit}'" for unit in word.completions]
    return _any(queries)


def _following(parts: Sequence[str], where: str) -> str:
    return "(" + " <-> ".join(f"'{where}{part}'" for part in parts) + ")"


def _phrase(words: Sequence[Word], where: str) -> str:
    """Return the query for words that follow each other.

    Descriptions lack stop words, so that any words may stand in for these there.
    """
    kept: list[tuple[int, Word]] = []
    place = 0
    for word in words:
        if where != ANYWHERE or not word.is_stop_word:
            kept.append((place, word))
        place += len(word.unit) if word.is_run else len(word.parts)
    if len(kept) < min(2, len(words)):
        return _phrase(words, PLACED)
    query = _in_phrase(kept[0][1], where)
    for (before, first), (after, word) in pairwise(kept):
        distance = after - before - (len(first.parts) - 1 if first.is_run else 0)
        query += f" <{distance}> {_in_phrase(word, where)}"
    return f"({query})"


def _in_phrase(word: Word, where: str) -> str:
    return _following(word.parts, where) if word.is_run else f"'{where}{word.unit}'"

"""Characters that are invisible, or that turn the text around them.

A line that a person types is shown to others: in lists, emails and their subjects. A name without a
visible character is not a name; a direction override shows what follows it backwards.
"""

import unicodedata

# Overrides, embeddings and isolates. The marks U+200E, U+200F and U+061C only turn neighbours, and
# belong to right-to-left text.
DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Have no width and no use in a line: copied along with a text, or put there to hide something.
WIDTHLESS = dict.fromkeys(
    map(ord, "\u00ad\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff\ufff9\ufffa\ufffb")
)
# Letters and symbols by category that show nothing.
BLANK = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Spell the flags of regions, after a black flag.
TAGS = dict.fromkeys(range(0xE0000, 0xE0080))
BLACK_FLAG = "\U0001f3f4"
CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Letters of other scripts, and digits, that look like Latin ones; lowercase. I and l look the same.
LOOK_LIKE = str.maketrans(
    "аверсхуікмнотѕјԁһӏԛԝѵαβεηικνορτυχωi01|",
    "abepcxylkmhotsjdhlqwvabenlkvoptuxwloll",
)


def is_visible(text: str) -> bool:
    """Return whether a text has a character that can be seen, which no mark or space can."""
    return any(
        character not in BLANK and unicodedata.category(character) not in CONTROL | {"Cf"}
        for character in text
        if unicodedata.category(character)[0] not in "MZ"
    )


def has_controls(text: str) -> bool:
    """Return whether a line has control characters, line breaks or direction overrides."""
    return any(
        character in DIRECTIONS or unicodedata.category(character) in CONTROL for character in text
    )


def clean_line(text: str) -> str:
    """Return a line in NFC, with spaces collapsed and without widthless characters.

    Characters that join others stay: emoji families and some scripts need them.
    """
    line = unicodedata.normalize("NFC", text).translate(WIDTHLESS)
    if BLACK_FLAG not in line:
        line = line.translate(TAGS)
    return " ".join(line.split())


def in_looks(text: str) -> str:
    """Return what a line looks like at a glance: to compare with another, and not to be shown.

    Lowercase Latin letters for those of other scripts that look the same; no accents, spaces and
    punctuation.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(each for each in folded.translate(LOOK_LIKE) if each.isalnum())


def without_directions(text: str) -> str:
    """Return a text without direction overrides, for texts that come from files."""
    return "".join(character for character in text if character not in DIRECTIONS)


def clean_reason(reason: str) -> str:
    """Return a reason as it is sent to others: "" where nothing of it can be seen.

    Line breaks stay; other control characters and direction overrides go.
    """
    kept = "".join(
        character
        for character in unicodedata.normalize("NFC", reason).translate(WIDTHLESS)
        if character in "\n\t" or not has_controls(character)
    ).strip()
    return kept if is_visible(kept) else ""


def without_controls(text: str) -> str:
    """Return a text as one line, with a space for line breaks and other control characters."""
    if not has_controls(text):
        return text
    return " ".join("".join(" " if has_controls(each) else each for each in text).split())

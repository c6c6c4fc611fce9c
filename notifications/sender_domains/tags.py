"""Records of tags and values, as DKIM and DMARC have them: `v=DMARC1; p=none`."""


def tags_of(text: str) -> dict[str, str]:
    """Return the values by their tags, in lowercase; the first of a tag counts."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found.setdefault(name.strip().lower(), value.strip())
    return found

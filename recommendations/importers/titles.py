"""From "Title, The (1995)" to a title and a year, and when two titles are the same."""

import re
import unicodedata

ENGLISH = "The A An"
FRENCH = "Le La Les L' Un Une Des"
ITALIAN = "Il Lo La I Gli Le L' Un Uno Una"
SPANISH = "El Los Las Lo Un Una Unos Unas"
PORTUGUESE = "O Os As Um Uma"
GERMAN = "Der Die Das Den Ein Eine"
DUTCH = "De Het Een"
NORDIC = "Den Det De En Ett Et"
OTHERS = "Da"

ARTICLES = set(
    " ".join(
        [ENGLISH, FRENCH, ITALIAN, SPANISH, PORTUGUESE, GERMAN, DUTCH, NORDIC, OTHERS]
    ).split()
)

#: The year at the end; of several the first. ml-100k marks videos with "(V)" behind it.
YEAR = re.compile(r"\s*\(\s*((?:1[89]|20|21)\d\d)(?:\s*[-\u2013]\s*\d*)?\s*\)(?:\s*\(T?V\))?$")
ALSO_KNOWN = re.compile(r"(?:a\.?k\.?a\.?:? +)?", re.IGNORECASE)
IN_BRACKETS = re.compile(r"\(([^()]*)\)")
BRACKETS_AT_END = re.compile(r"(?:\s*\([^()]*\))+$")


def title_and_year(raw: str) -> tuple[str, int | None]:
    """Split MovieLens' title, with the articles put where they are spoken."""
    raw = raw.strip()
    year = YEAR.search(raw)
    title = raw[: year.start()] if year else raw
    if not title:
        return raw, None
    return articles_first(title), int(year[1]) if year else None


def articles_first(title: str) -> str:
    """Turn "Boot, Das (Boat, The)" into "Das Boot (The Boat)"."""
    brackets = BRACKETS_AT_END.search(title)
    end = brackets.start() if brackets and brackets.start() else len(title)
    rest = IN_BRACKETS.sub(lambda inner: f"({article_first(inner[1])})", title[end:])
    return article_first(title[:end].strip()) + rest


def article_first(name: str) -> str:
    known = ALSO_KNOWN.match(name)
    prefix = known[0] if known else ""
    noun, comma, article = name[len(prefix) :].rpartition(", ")
    article = article.replace("\u2019", "'")
    if not comma or article not in ARTICLES:
        return name
    return f"{prefix}{article}{'' if article.endswith(chr(39)) else ' '}{noun}"


def normalised(text: str) -> str:
    """Lower case, without accents and punctuation: "Amélie!" and "amelie" are the same."""
    plain = text.casefold()
    if not plain.isascii():
        letters = unicodedata.normalize("NFKD", plain)
        plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+", plain))


def names_of(title: str) -> list[str]:
    """All that a film is called, so that the same is spelt alike; its own title comes first.

    Brackets at the end hold other names: "Seven (a.k.a. Se7en)".
    """
    brackets = BRACKETS_AT_END.search(title)
    end = brackets.start() if brackets and brackets.start() else len(title)
    others = [ALSO_KNOWN.sub("", name, count=1) for name in IN_BRACKETS.findall(title[end:])]
    return [key_of(name) for name in (title[:end], *others)]


def key_of(name: str) -> str:
    """Without a leading article, which MovieLens forgets here and there, and without spaces."""
    words = normalised(name.replace("&", " and "))
    return re.sub(r"^(the|an?) (?=.)", "", words).replace(" ", "")

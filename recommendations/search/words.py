"""Which texts hold a word, or one that is spelt much like it."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import fuzz, process

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matches = NDArray[np.float32]

#: A word is taken for a misspelt one if they are so much alike (of 100); shorter ones never are.
ALIKE, LONG_ENOUGH = 75, 4

#: How well a word is matched by one that begins with it, or holds it, at the least; the more of
#: the other it is, the better.
BEGINS, HOLDS = 0.6, 0.45

#: Shorter parts of words, and those in more words than this, say nothing.
PART, PARTS = 3, 1_000

#: Numbers in titles, as they may be spelt.
NUMBERS = [
    "2 ii two", "3 iii three", "4 iv four", "5 v five", "6 vi six", "7 vii seven",
    "8 viii eight", "9 ix nine", "10 x ten", "11 xi eleven", "12 xii twelve",
]  # fmt: skip
OTHERWISE = {
    word: [other for other in number.split() if other != word]
    for number in NUMBERS
    for word in number.split()
}
SPELT_OTHERWISE = 0.95

LAST = "\U0010ffff"


class WordIndex:
    """The words of texts that are normalised already, each with the texts that hold it.

    `texts[starts[word]:starts[word + 1]]` are the texts of a word; `words` are in order.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.count = len(texts)
        split = [text.split(" ") for text in texts]
        self.words = sorted({word for words in split for word in words})
        number = {word: place for place, word in enumerate(self.words)}
        held = np.fromiter((number[w] for words in split for w in words), np.int32)
        holders = np.repeat(np.arange(self.count, dtype=np.int32), [len(words) for words in split])
        self.texts = holders[np.argsort(held, kind="stable")]
        self.starts = np.searchsorted(np.sort(held), np.arange(len(self.words) + 1))
        self.lengths = np.array([len(word) for word in self.words], np.float32)
        self.all_words = "\n".join(["", *self.words])
        self.offsets = np.cumsum(self.lengths.astype(np.int64) + 1)

    def match(self, word: str) -> "Matches":
        """How well the best word of each text matches, from 0 to 1."""
        matched = self._in_texts(self._similar(word))
        for other in OTHERWISE.get(word, []):
            same = SPELT_OTHERWISE * self._in_texts(self._same(other))
            matched = np.maximum(matched, same)
        return matched

    def _in_texts(self, similar: "Matches") -> "Matches":
        """Spread how well each word matches to the texts that hold it."""
        words = np.flatnonzero(similar)
        first, counts = self.starts[words], self.starts[words + 1] - self.starts[words]
        ends = np.cumsum(counts)
        places = np.arange(counts.sum()) + np.repeat(first - ends + counts, counts)
        matched = np.zeros(self.count, np.float32)
        np.maximum.at(matched, self.texts[places], np.repeat(similar[words], counts))
        return matched

    def _similar(self, word: str) -> "Matches":
        similar = np.zeros(len(self.words), np.float32)
        if len(word) >= LONG_ENOUGH:
            similar = self._alike(word)
        if len(word) >= PART:
            held = self._holding(word)
            similar[held] = np.maximum(similar[held], self._part_of(word, HOLDS, held))
        begins = slice(bisect_left(self.words, word), bisect_left(self.words, word + LAST))
        similar[begins] = np.maximum(similar[begins], self._part_of(word, BEGINS, begins))
        return similar

    def _same(self, word: str) -> "Matches":
        similar = np.zeros(len(self.words), np.float32)
        place = bisect_left(self.words, word)
        similar[place : place + (word in self.words[place : place + 1])] = 1
        return similar

    def _alike(self, word: str) -> "Matches":
        ratios = process.cdist(
            [word], self.words, scorer=fuzz.ratio, score_cutoff=ALIKE, dtype=np.float32
        )
        alike: Matches = ratios[0] / 100
        return alike

    def _part_of(self, word: str, least: float, words: "NDArray[np.intp] | slice") -> "Matches":
        covered = len(word) / np.maximum(self.lengths[words], len(word))
        return (least + (1 - least) * covered).astype(np.float32)

    def _holding(self, part: str) -> "NDArray[np.intp]":
        """The words that `part` is in, found in one string of them all."""
        if self.all_words.count(part) > PARTS:
            return np.array([], np.intp)
        found, place = [], self.all_words.find(part)
        while place >= 0:
            found.append(place)
            place = self.all_words.find(part, place + len(part))
        return np.unique(np.searchsorted(self.offsets, found))

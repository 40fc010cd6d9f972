"""How one text is cut into terms: words, runs of words, or runs of letters."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from tinygrad_ml.validation import Accepts, check_parameters

from .stop_words import ENGLISH


class TermFinder:
    """A mixin for the vectorizers, whose parameters are described at `CountVectorizer`."""

    _parameters: ClassVar[dict[str, Accepts]]

    strip_accents: str | None
    lowercase: bool
    preprocessor: Callable | None
    tokenizer: Callable | None
    stop_words: Any
    token_pattern: str
    ngram_range: tuple[int, int]
    analyzer: str | Callable

    def build_analyzer(self) -> Callable[[str], Iterable[str]]:
        r"""The function text -> terms that `fit` and `transform` use; nothing need be fitted.

        >>> from tinygrad_ml.models import CountVectorizer
        >>> CountVectorizer(token_pattern=r"\w+").build_analyzer()("Do I know it?")
        ['do', 'i', 'know', 'it']
        """
        check_parameters(self, self._parameters)
        if callable(self.analyzer):
            return self.analyzer
        clean = self.preprocessor or self._clean
        least, most = self.ngram_range
        if self.analyzer != "word":
            self._check_unused("stop_words", "tokenizer")
            if self.analyzer == "char":
                return lambda text: list(_runs(_one_space(clean(text)), "", least, most))
            return lambda text: [
                run
                for word in _padded_words(clean(text))  # a short word counts as a whole
                for run in _runs(word, "", min(least, len(word)), most)
            ]
        words = self.tokenizer or self._pattern().findall
        stop = self._stop_words(lambda text: words(clean(text)))
        if not stop and most == 1:
            return lambda text: words(clean(text))
        return lambda text: list(
            _runs([w for w in words(clean(text)) if w not in stop], " ", least, most)
        )

    def _clean(self, text: str) -> str:
        if self.lowercase:
            text = text.lower()
        if self.strip_accents and not text.isascii():
            text = unicodedata.normalize("NFKD", text)
            if self.strip_accents == "ascii":
                return text.encode("ascii", "ignore").decode()
            return "".join(letter for letter in text if not unicodedata.combining(letter))
        return text

    def _pattern(self) -> re.Pattern:
        owner = type(self).__name__
        try:
            pattern = re.compile(self.token_pattern)
        except re.error as error:
            raise ValueError(
                f"{owner}: token_pattern must be a regular expression, got "
                f"{self.token_pattern!r:.80} ({error}). Write r'\\w+' for words."
            ) from error
        if pattern.groups > 1:
            raise ValueError(
                f"{owner}: token_pattern must have one group at most, got {pattern.groups} in "
                f"{self.token_pattern!r:.80}. Write (?:...) for groups that are not the word."
            )
        return pattern

    def _stop_words(self, words: Callable[[str], Iterable[str]]) -> frozenset[str]:
        if self.stop_words is None:
            return frozenset()
        if isinstance(self.stop_words, str):
            return ENGLISH
        for word in self.stop_words:
            if not isinstance(word, str):
                raise ValueError(
                    f"{type(self).__name__}: stop_words must be texts, got {word!r:.40} among "
                    "them. Write for example stop_words=['the', 'of']."
                )
        stop = frozenset(self.stop_words)
        lost = sorted(word for word in stop if list(words(word)) != [word])
        if lost:
            warnings.warn(
                f"{type(self).__name__}: expected stop_words in the form that words have in the "
                f"end, got {', '.join(map(repr, lost[:3]))} ({len(lost)} in all), which will never "
                "be met. Compare build_analyzer()(word).",
                UserWarning,
                stacklevel=4,
            )
        return stop

    def _check_unused(self, *names: str) -> None:
        for name in names:
            if getattr(self, name) is not None:
                raise ValueError(
                    f"{type(self).__name__}: {name} must be None with analyzer={self.analyzer!r}, "
                    "which knows no words. Use analyzer='word'."
                )


def _runs(parts: Any, between: str, least: int, most: int) -> Iterator[str]:
    """The parts and runs of them, shorter ones first."""
    for n in range(least, most + 1):
        if n == 1:
            yield from parts
        else:
            yield from map(between.join, zip(*(parts[i:] for i in range(n))))


def _one_space(text: str) -> str:
    return re.sub(r"\s\s+", " ", text)


def _padded_words(text: str) -> list[str]:
    return [f" {word} " for word in text.split()]

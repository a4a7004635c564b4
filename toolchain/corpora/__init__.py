"""Corpora of speech in the layouts they come in, read through one interface."""

from toolchain.corpora.entry import Corpus, CorpusEntry, Split
from toolchain.corpora.find import find_corpus

__all__ = ["Corpus", "CorpusEntry", "Split", "find_corpus"]

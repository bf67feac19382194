"""Character n-grams and bytes: which strings share them, in any script."""

import numpy
import pytest

from spacy_rnn.spelling import MAX_BYTES, MAX_CHARACTERS, hash_ngrams, spell

ROWS = 2**40


def spelled(word: str) -> bytes:
    symbols, lengths = spell(["before", word, "after"])
    return bytes(numpy.split(symbols, lengths.cumsum())[1].tolist())


def ngrams(word: str) -> list[int]:
    hashed, starts = hash_ngrams(["before", word, "after"], ROWS)
    return hashed[starts[1] : starts[2]].tolist()


def test_words_share_the_ngrams_that_they_have_in_common():
    # Of "xing" and "ying" with their boundaries: in, ng, g>, ing, ng>, ing>.
    assert len(set(ngrams("xing")) & set(ngrams("ying"))) == 6
    assert not set(ngrams("ab")) & set(ngrams("cd"))


@pytest.mark.parametrize("word", ["a", "word", "Straße", "中文", "😀👍", "ne\u0301", "\ud800"])
def test_a_word_has_all_its_ngrams_once(word):
    length = len(word) + 2
    expected = sum(max(length - size + 1, 0) for size in (2, 3, 4, 5))
    assert len(ngrams(word)) == expected
    assert len(set(ngrams(word))) == expected
    assert ngrams(word) == ngrams(word)


def test_case_and_boundaries_count():
    assert ngrams("Us") != ngrams("us")
    assert len(set(ngrams("us")) & set(ngrams("usa"))) == 3  # <u, us and <us


def test_the_empty_word_has_one_and_no_words_have_none():
    assert len(ngrams("")) == 1
    hashed, starts = hash_ngrams([], 10)
    assert len(hashed) == len(starts) == 0


def test_the_middle_of_a_long_word_is_left_out():
    head, tail = "h" * MAX_CHARACTERS, "t" * MAX_CHARACTERS
    assert ngrams(head + "x" * 10_000 + tail) == ngrams(head + tail)


def test_rows_bound_the_values():
    hashed, _ = hash_ngrams([str(i) for i in range(1000)], 50)
    assert set(hashed.tolist()) == set(range(50))


@pytest.mark.parametrize("word", ["a", "Straße", "中文", "👩‍🚀", "ne\u0301", "\ud800", "", "\x00"])
def test_a_word_is_its_bytes_between_a_start_and_an_end(word):
    assert spelled(word) == b"\xfe" + word.encode("utf8", errors="surrogatepass") + b"\xff"


def test_the_middle_of_a_long_word_is_not_spelled():
    head, tail = "h" * MAX_BYTES, "t" * MAX_BYTES
    assert spelled(head + "x" * 10_000 + tail) == spelled(head + tail)
    assert spelled(head + "x" + tail) != spelled(head + "x" + tail[1:])


def test_no_words_are_spelled():
    symbols, lengths = spell([])
    assert len(symbols) == len(lengths) == 0

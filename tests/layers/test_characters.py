"""How words are spelled, and what is learned from it, in any script."""

import numpy
import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Adam, Softmax, chain, with_array
from thinc.types import Ragged

from spacy_rnn.layers.characters import MAX_BYTES, spell
from spacy_rnn.layers.embedding import token_embedding
from spacy_rnn.modules.characters import CHARACTERS


def spelled(word: str) -> bytes:
    symbols, lengths = spell(["before", word, "after"])
    return bytes(numpy.split(symbols, lengths.cumsum())[1].tolist())


@pytest.mark.parametrize("word", ["a", "Straße", "中文", "👩‍🚀", "ne\u0301", "\ud800", "", "\x00"])
def test_a_word_is_its_bytes_between_a_start_and_an_end(word):
    assert spelled(word) == b"\xfe" + word.encode("utf8", errors="surrogatepass") + b"\xff"


def test_the_middle_of_a_long_word_is_left_out():
    head, tail = "h" * MAX_BYTES, "t" * MAX_BYTES
    assert spelled(head + "x" * 10_000 + tail) == spelled(head + tail)
    assert spelled(head + "x" + tail) != spelled(head + "x" + tail[1:])


def test_no_words():
    symbols, lengths = spell([])
    assert len(symbols) == len(lengths) == 0


# Words of two kinds that endings tell apart; the last of each kind is not trained on.
KINDS = {
    "English": ("walked talked asked looked used jumped", "walking talking asking looking jumping"),
    "German": ("Zeitungen Wohnungen Meinungen Übungen", "zeitlich wohnlich löslich üblich"),
    "Chinese": ("工人 商人 军人 老人 诗人", "中国 美国 英国 外国 法国"),
    "Turkish": ("evler köyler günler sözler çiçekler", "evde köyde günde sözde çiçekte"),
}


@pytest.mark.parametrize("characters", CHARACTERS)
@pytest.mark.parametrize("language", KINDS)
def test_endings_tell_about_words_that_training_lacks(language, characters):
    kinds = [words.split() for words in KINDS[language]]
    vocab = Vocab()
    docs = [Doc(vocab, words=words[:-1]) for words in kinds]
    truth = numpy.concatenate([[i] * len(doc) for i, doc in enumerate(docs)])
    output = Softmax(2, 16)
    model = chain(token_embedding(16, characters=characters), with_array(output)).initialize(docs)
    optimizer = Adam(0.01)
    for _ in range(30):
        Y, backprop = model.begin_update(docs)
        backprop(Ragged(Y.dataXd - numpy.eye(2, dtype="f")[truth], Y.lengths))
        model.finish_update(optimizer)
    unseen = model.predict([Doc(vocab, words=[words[-1] for words in kinds])])
    assert unseen.dataXd.argmax(axis=1).tolist() == [0, 1]

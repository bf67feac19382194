"""What is learned from the spelling of words, in any script."""

import numpy
import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Adam, Softmax, chain, with_array
from thinc.types import Ragged

from spacy_rnn.layers.embedding import token_embedding

# Words of two kinds that endings tell apart; the last of each kind is not trained on.
KINDS = {
    "English": ("walked talked asked looked used jumped", "walking talking asking looking jumping"),
    "German": ("Zeitungen Wohnungen Meinungen Übungen", "zeitlich wohnlich löslich üblich"),
    "Chinese": ("工人 商人 军人 老人 诗人", "中国 美国 英国 外国 法国"),
    "Turkish": ("evler köyler günler sözler çiçekler", "evde köyde günde sözde çiçekte"),
}


@pytest.mark.parametrize("language", KINDS)
def test_endings_tell_about_words_that_training_lacks(language):
    kinds = [words.split() for words in KINDS[language]]
    vocab = Vocab()
    docs = [Doc(vocab, words=words[:-1]) for words in kinds]
    truth = numpy.concatenate([[i] * len(doc) for i, doc in enumerate(docs)])
    output = Softmax(2, 16)
    model = chain(token_embedding(16, characters=True), with_array(output)).initialize(docs)
    optimizer = Adam(0.01)
    for _ in range(30):
        Y, backprop = model.begin_update(docs)
        backprop(Ragged(Y.dataXd - numpy.eye(2, dtype="f")[truth], Y.lengths))
        model.finish_update(optimizer)
    unseen = model.predict([Doc(vocab, words=[words[-1] for words in kinds])])
    assert unseen.dataXd.argmax(axis=1).tolist() == [0, 1]

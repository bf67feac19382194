"""The embedding of documents, whatever it is composed of."""

import numpy
import pytest
from spacy.lang.de import German
from spacy.lang.en import English
from spacy.tokens import Doc

from spacy_rnn.layers.embedding import token_embedding

OPTIONS = {
    "attributes": {"attrs": ["NORM", "SHAPE"], "rows": [50, 20]},
    "n-grams": {"ngram_rows": 50},
    "characters": {"characters": True},
    "all but vectors": {
        "attrs": ["LOWER", "PREFIX", "SUFFIX"],
        "rows": [50, 20, 20],
        "ngram_rows": 50,
        "characters": True,
    },
}
# English, German, Chinese, Turkish, Arabic with vowel signs, an emoji of several code points, a
# combining accent, and a very long token.
WORDS = ["Soup", "Donaudampfschifffahrt", "中文", "evlerimizden", "\u0131\u011fd\u0131r", "كِتَاب"]
WORDS += ["👩\u200d🚀", "ne\u0301", "x" * 10_000, "\U0010ffff", "\x00", "Soup"]


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_tokens_of_any_script_alone_and_together(options):
    nlp = English()
    docs = [Doc(nlp.vocab, words=WORDS), nlp(""), *(Doc(nlp.vocab, words=[w]) for w in WORDS)]
    model = token_embedding(16, **options, cache_mib=0).initialize(docs)
    Y = model.predict(docs)
    together, alone = numpy.split(Y.dataXd, [len(WORDS)])
    numpy.testing.assert_allclose(together, alone, atol=1e-6)
    for doc, y in zip(docs[2:], alone, strict=True):
        numpy.testing.assert_allclose(model.predict([doc]).dataXd[0], y, atol=1e-5)
    words = {tuple(y.round(3)) for y in alone}
    assert len(words) > 5
    if "attrs" not in options:
        assert len(words) == len(set(WORDS))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_initialized_without_data_and_with_empty_documents(options):
    nlp = German()
    for sample in (None, [], [nlp(""), nlp("")]):
        model = token_embedding(16, **options).initialize(sample)
        assert model.predict([nlp("Straße")]).dataXd.shape == (1, 16)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"attrs": ["NORM", "SHAPE"], "rows": [50]},
            r"Every attribute needs a table: got 2 attrs \(NORM, SHAPE\) and 1 rows \(50\)",
        ),
        ({"attrs": ["NROM"], "rows": [50]}, "Unknown attrs: got NROM, expected spaCy's names"),
        ({"attrs": ["NORM"], "rows": [0]}, "Invalid rows: got 0, expected 1 or more for each"),
        ({"ngram_rows": -1}, "Invalid ngram_rows: got -1, expected 1 or more, or 0 for none"),
        ({}, "Nothing to embed: got no attrs, n-grams, characters or static vectors"),
        ({"ngram_rows": 10, "cache_mib": -64}, "Invalid cache_mib: got -64, expected how many MiB"),
    ],
)
def test_bad_settings(options, message):
    with pytest.raises(ValueError, match=message):
        token_embedding(16, **options)

"""Vectors of word pieces: what words get, in every way that a vocab is stored and shared."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training.initialize import load_vectors_into_model
from spacy.vocab import Vocab
from srsly import read_json
from thinc.api import ConfigValidationError
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from spacy_rnn.checksums import SUMS
from spacy_rnn.layers.embedding import token_embedding
from spacy_rnn.vectors import FOLDER, TABLE, TOKENIZER, SubwordVectors

PIECES = ["[UNK]", "soup", "##s", "cold", "!"]
WORDS = ["Soups", "cold", "xyz", "soup", "Soups"]
SETTINGS = {"nlp": {"vectors": {"@vectors": "spacy-rnn.SubwordVectors.v1"}}}


def make_tokenizer() -> Tokenizer:
    vocab = {piece: i for i, piece in enumerate(PIECES)}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def table(dtype: str = "float16") -> numpy.ndarray:
    data = numpy.arange(15).reshape(5, 3).astype(dtype) + 1
    data[0] = 0.0
    return data


@pytest.fixture
def subword_nlp() -> Language:
    nlp = spacy.blank("en", config=SETTINGS)
    nlp.vocab.vectors = SubwordVectors(
        strings=nlp.vocab.strings, tokenizer=make_tokenizer(), data=table()
    )
    return nlp


def expected() -> numpy.ndarray:
    data = table("float32")
    plural = (data[1] + data[2]) / 2
    return numpy.stack([plural, data[3], data[0], data[1], plural])


def lookup(vocab: Vocab) -> numpy.ndarray:
    doc = Doc(vocab, words=WORDS)
    return vocab.vectors.get_batch(doc.to_array("ORTH"))


def test_a_word_gets_the_mean_of_its_pieces_in_the_case_of_the_tokenizer(subword_nlp: Language):
    numpy.testing.assert_array_equal(lookup(subword_nlp.vocab), expected())
    doc = Doc(subword_nlp.vocab, words=WORDS)
    numpy.testing.assert_array_equal([token.vector for token in doc], expected())
    assert [token.has_vector for token in doc] == [True, True, False, True, True]
    numpy.testing.assert_allclose(doc.vector, expected().mean(0), rtol=1e-6)
    assert doc[0].similarity(doc[4]) == pytest.approx(1.0)


def test_no_words_and_words_without_pieces(subword_nlp: Language):
    vectors = subword_nlp.vocab.vectors
    assert vectors.get_batch([]).shape == (0, 3)
    numpy.testing.assert_array_equal(vectors.get_batch(["xyz", "zyx"]), numpy.zeros((2, 3)))
    assert subword_nlp.meta["vectors"]["vectors"] == len(PIECES)


def from_disk(nlp: Language, path: Path) -> Vocab:
    nlp.to_disk(path)
    return spacy.load(path).vocab


def from_bytes(nlp: Language, path: Path) -> Vocab:
    return spacy.blank("en", config=SETTINGS).from_bytes(nlp.to_bytes()).vocab


def initialized(nlp: Language, path: Path) -> Vocab:
    nlp.to_disk(path)
    other = spacy.blank("en", config=SETTINGS)
    load_vectors_into_model(other, path)
    return other.vocab


@pytest.mark.parametrize(
    "again",
    [
        from_disk,
        from_bytes,
        initialized,
        lambda nlp, path: pickle.loads(pickle.dumps(nlp.vocab)),
        lambda nlp, path: copy.deepcopy(nlp.vocab),
    ],
)
def test_the_same_vectors_after_every_round_trip(subword_nlp: Language, tmp_path: Path, again):
    vocab = again(subword_nlp, tmp_path / "saved")
    numpy.testing.assert_array_equal(lookup(vocab), expected())
    assert vocab.vectors.data.dtype == "float16"


def test_saving_leaves_nothing_but_a_whole_table(subword_nlp: Language, tmp_path: Path):
    subword_nlp.to_disk(tmp_path)
    subword_nlp.to_disk(tmp_path)
    files = {file.name for file in (tmp_path / "vocab" / FOLDER).iterdir()}
    assert files == {SUMS, TABLE, TOKENIZER}


@pytest.mark.parametrize("name", [TABLE, TOKENIZER])
def test_a_damaged_file_is_refused(subword_nlp: Language, tmp_path: Path, name: str):
    subword_nlp.to_disk(tmp_path)
    file = tmp_path / "vocab" / FOLDER / name
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match=f"Can't load the subwords from .*{name} is not the one"):
        spacy.load(tmp_path)
    (file.parent / SUMS).unlink()
    with pytest.raises(ValueError, match="Can't load the subwords from"):
        spacy.load(tmp_path)


def test_damaged_bytes_are_refused(subword_nlp: Language):
    data = subword_nlp.vocab.vectors.to_bytes()
    with pytest.raises(ValueError, match="bytes that are damaged"):
        SubwordVectors().from_bytes(data[:-1])


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"got 5 pieces and vectors of the shape \(4, 3\)"):
        SubwordVectors(tokenizer=make_tokenizer(), data=table()[:4])


def test_vectors_of_words_cannot_be_set(subword_nlp: Language):
    with pytest.raises(ValueError, match="Can't set the vector of 'soup': it is the mean"):
        subword_nlp.vocab.set_vector("soup", numpy.zeros(3, dtype="f"))


def test_a_folder_with_an_ordinary_table_is_refused(tmp_path: Path):
    nlp = spacy.blank("en")
    nlp.vocab.set_vector("soup", numpy.ones(3, dtype="f"))
    nlp.to_disk(tmp_path)
    with pytest.raises(ValueError, match="got an ordinary table of vectors, expected the folder"):
        load_vectors_into_model(spacy.blank("en", config=SETTINGS), tmp_path)


def test_a_vocab_for_other_vectors_refuses_subwords(subword_nlp: Language, tmp_path: Path):
    block = {"@callbacks": "spacy-rnn.require_subword_vectors.v1"}
    nlp = spacy.blank("en", config={"nlp": {**SETTINGS["nlp"], "after_creation": block}})
    nlp.vocab.vectors = subword_nlp.vocab.vectors
    nlp.to_disk(tmp_path)
    numpy.testing.assert_array_equal(lookup(spacy.load(tmp_path).vocab), expected())
    with pytest.raises(ConfigValidationError, match="got Vectors, expected @vectors = "):
        load_vectors_into_model(spacy.blank("en"), tmp_path)


def test_forked_processes_give_the_same(subword_nlp: Language):
    subword_nlp.add_pipe("sentencizer")
    docs = list(subword_nlp.pipe(["Soups cold", "cold soup!"], n_process=2))
    numpy.testing.assert_array_equal(docs[0].vector, expected()[:2].mean(0))


def test_an_embedding_looks_up_what_it_has_not_cached_and_sees_another_table(
    subword_nlp: Language, monkeypatch: pytest.MonkeyPatch
):
    vectors, docs = subword_nlp.vocab.vectors, [Doc(subword_nlp.vocab, words=WORDS)]
    model = token_embedding(8, include_static_vectors=True).initialize(docs)
    asked: list[int] = []

    def get_batch(keys: numpy.ndarray) -> numpy.ndarray:
        asked.append(len(keys))
        return SubwordVectors.get_batch(vectors, keys)

    monkeypatch.setattr(vectors, "get_batch", get_batch)
    before = model.predict(docs).dataXd
    numpy.testing.assert_array_equal(model.predict(docs).dataXd, before)
    assert asked == [4]
    other = SubwordVectors(tokenizer=make_tokenizer(), data=table()[::-1].copy())
    vectors.from_bytes(other.to_bytes())
    after = model.predict(docs).dataXd
    assert (after != before).any(axis=1).sum() >= 4
    numpy.testing.assert_allclose(after, model.begin_update(docs)[0].dataXd, atol=1e-6)


def test_a_package_has_the_table_and_needs_this_library(subword_nlp: Language, tmp_path: Path):
    subword_nlp.to_disk(tmp_path / "model")
    args = ["package", tmp_path / "model", tmp_path, "--name", "soup", "--build", "none"]
    subprocess.run([sys.executable, "-m", "spacy", *map(str, args)], check=True)
    outer = tmp_path / "en_soup-0.0.0"
    vocab = spacy.load(outer / "en_soup/en_soup-0.0.0").vocab
    numpy.testing.assert_array_equal(lookup(vocab), expected())
    requirements = read_json(outer / "meta.json")["requirements"]
    assert any(line.startswith("spacy-rnn") for line in requirements)

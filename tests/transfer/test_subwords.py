"""`spacy rnn subwords`: from an encoder to a pipeline that uses its vectors."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
import spacy
from safetensors.numpy import load_file, save_file
from spacy.language import Language
from spacy.training import Example

from spacy_rnn.transfer.encoders import Encoder
from spacy_rnn.transfer.subwords import reduce_width, word_vectors

Run = Callable[..., tuple[int, str]]


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_pieces_of_any_encoder(spacy_cli: Run, save_encoder: Callable, tmp_path: Path, kind: str):
    folder, out = save_encoder(kind), tmp_path / "out"
    code, output = spacy_cli("rnn", "subwords", folder, out, "--width", 8, "--lang", "sv")
    assert code == 0, output
    assert "width 8" in output
    nlp = spacy.load(out)
    words = ["the", "soups", "niño", "Слава"]
    vectors = nlp.vocab.vectors.get_batch(words)
    assert vectors.shape == (4, 8)
    assert vectors[:2].any(axis=1).all()
    # Bytes have vectors for every word, WordPiece for those whose pieces it has.
    assert vectors.any(axis=1).all() == (kind == "roberta")
    assert nlp.lang == "sv"


def test_words_are_divided_as_within_a_text(save_encoder: Callable):
    encoder = Encoder.load(str(save_encoder("roberta")))
    within = encoder.tokenizer("They liked soup", add_special_tokens=False)["input_ids"]
    alone = encoder.word_tokenizer().encode("liked", add_special_tokens=False).ids
    start = within.index(alone[0])
    assert within[start : start + len(alone)] == alone


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_states_are_those_of_words_alone(save_encoder: Callable, kind: str):
    import torch

    encoder = Encoder.load(str(save_encoder(kind)))
    words = [[20, 21, 22], [23]]
    found = encoder.states(words)
    for pieces, state in zip(words, found, strict=True):
        ids = encoder.word_tokenizer().encode("").ids
        text = torch.tensor([[ids[0], *pieces, ids[1]]])
        with torch.no_grad():
            alone = encoder.model(input_ids=text).last_hidden_state[0, 1:-1].mean(0)
        numpy.testing.assert_allclose(state, alone.numpy(), atol=1e-5)


def test_a_table_of_words_for_any_component(spacy_cli: Run, save_encoder: Callable, tmp_path: Path):
    words, out = tmp_path / "words.txt", tmp_path / "out"
    words.write_text("soup\nsoups\ncold\nxyzzy\nsoup\nlate\nliked\n", "utf8")
    code, output = spacy_cli("rnn", "subwords", save_encoder(), out, "--words", words, "--width", 4)
    assert code == 0, output
    nlp = spacy.load(out)
    assert type(nlp.vocab.vectors).__name__ == "Vectors"
    assert nlp.vocab.vectors.shape == (5, 4)
    assert not nlp.vocab.has_vector("xyzzy")
    numpy.testing.assert_allclose(nlp.vocab.vectors.data.mean(axis=0), numpy.zeros(4), atol=1e-5)


def test_components_of_both_libraries_train_on_the_same_vectors(
    save_encoder: Callable, spacy_cli: Run, tmp_path: Path, make_examples: Callable
):
    out, config = tmp_path / "out", tmp_path / "config.cfg"
    assert spacy_cli("rnn", "subwords", save_encoder(), out, "--width", 8)[0] == 0
    assert spacy_cli("rnn", "init", config, "--task", "ner", "--vectors", out)[0] == 0
    nlp = spacy.util.load_model_from_config(spacy.util.load_config(config), auto_fill=True)
    stock = {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "spacy.MultiHashEmbed.v2",
            "width": 8,
            "attrs": ["NORM"],
            "rows": [50],
            "include_static_vectors": True,
        },
        "encode": {
            "@architectures": "spacy.MaxoutWindowEncoder.v2",
            "width": 8,
            "window_size": 1,
            "maxout_pieces": 2,
            "depth": 1,
        },
    }
    tagger = {"@architectures": "spacy.Tagger.v2", "tok2vec": stock}
    nlp.add_pipe("tagger", config={"model": tagger})
    nlp.config["initialize"]["vectors"] = str(out)
    examples: list[Example] = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(3):
        nlp.update(examples, sgd=optimizer)
    trained = predictions(nlp)
    nlp.to_disk(tmp_path / "trained")
    assert predictions(spacy.load(tmp_path / "trained")) == trained


def predictions(nlp: Language) -> list[str]:
    doc = nlp("They liked the cold soups , not the late ones .")
    return [*(token.tag_ for token in doc), *(token.ent_iob_ for token in doc)]


def test_the_components_are_the_principal_ones():
    rng = numpy.random.default_rng(0)
    data = (rng.normal(size=(200, 5)) * [5, 3, 1, 0.1, 0.1]).astype("float32") + 7
    vectors, kept = reduce_width(data, numpy.arange(200) < 150, 2)
    centered = data[:150] - data[:150].mean(0)
    left, variances, _ = numpy.linalg.svd(centered, full_matrices=False)
    expected = left[:, :2] * variances[:2]
    numpy.testing.assert_allclose(
        abs(vectors[:150]), abs(expected) / numpy.sqrt((expected**2).mean()), rtol=1e-2, atol=1e-3
    )
    assert kept == pytest.approx((variances[:2] ** 2).sum() / (variances**2).sum(), abs=1e-4)


def refused(spacy_cli: Run, *args: object) -> str:
    code, output = spacy_cli("rnn", "subwords", *args)
    assert code == 1
    assert not Path(str(args[1])).exists()
    return output


def test_what_is_no_encoder_is_refused(spacy_cli: Run, save_encoder: Callable, tmp_path: Path):
    out, empty = tmp_path / "out", tmp_path / "empty"
    empty.mkdir()
    output = refused(spacy_cli, empty, out)
    assert f"Can't load the model {empty}" in output
    assert "Expected a folder of a model, with config.json" in output
    output = refused(spacy_cli, "nobody/nothing", out)
    assert "Can't load the model nobody/nothing" in output
    folder = save_encoder()
    (folder / "model.safetensors").unlink()
    assert "Can't load the model" in refused(spacy_cli, folder, out)


def test_a_width_that_the_encoder_lacks_is_refused(
    spacy_cli: Run, save_encoder: Callable, tmp_path: Path
):
    output = refused(spacy_cli, save_encoder(), tmp_path / "out", "--width", 49)
    assert "Can't make vectors of width 49: got" in output
    assert "of width 48 from the encoder" in output


def test_a_tokenizer_that_does_not_fit_is_refused(
    spacy_cli: Run, save_encoder: Callable, tmp_path: Path
):
    folder = save_encoder()
    weights = load_file(folder / "model.safetensors")
    name = "embeddings.word_embeddings.weight"
    weights[name] = weights[name][:20]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "vocab_size": 20}))
    output = refused(spacy_cli, folder, tmp_path / "out", "--width", 4)
    assert "does not fit its table: got 49 pieces" in output


def test_weights_that_are_missing_are_refused(
    spacy_cli: Run, save_encoder: Callable, tmp_path: Path
):
    folder = save_encoder()
    weights = load_file(folder / "model.safetensors")
    weights.pop("embeddings.word_embeddings.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    output = refused(spacy_cli, folder, tmp_path / "out", "--width", 4)
    assert "got no weights for 1 tables, such as embeddings.word_embeddings.weight" in output


def test_an_earlier_folder_is_kept(spacy_cli: Run, save_encoder: Callable, tmp_path: Path):
    code, output = spacy_cli("rnn", "subwords", save_encoder(), tmp_path)
    assert code == 1
    assert "it is already there" in output


def test_words_that_the_encoder_does_not_know_have_no_vectors(save_encoder: Callable):
    nlp, _ = word_vectors(Encoder.load(str(save_encoder())), ["soup", "cold", "xyz"], width=2)
    assert len(nlp.vocab.vectors) == 2

"""The promises that hold for every model of this package, whatever its options."""

import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import load_model_from_config
from thinc.api import Adam, Config, Model, fix_random_seed, set_dropout_rate
from thinc.types import Ragged

RNN = {"@architectures": "spacy-rnn.Tok2Vec.v1", "width": 64, "char_ngram_rows": 500}
TOK2VECS: dict[str, dict[str, Any]] = {
    "default": {"@architectures": "spacy-rnn.Tok2Vec.v1"},
    "lstm": RNN,
    "gru": {**RNN, "cell": "gru"},
    "mingru": {**RNN, "cell": "mingru"},
    "original gru": {**RNN, "cell": "gru", "reset_after": False},
    "lstm on torch": {**RNN, "engine": "torch"},
    "lstm in int8": {**RNN, "precision": "int8"},
    "gru on torch": {**RNN, "cell": "gru", "engine": "torch"},
    "deep lstm": {**RNN, "depth": 3, "width": 32},
    "deep gru": {**RNN, "depth": 2, "cell": "gru"},
    "deep mingru": {**RNN, "depth": 2, "cell": "mingru"},
    "hybrid": {**RNN, "depth": 2, "cell": ["lstm", "gru"], "residual": True},
    "residual lstm": {**RNN, "depth": 2, "residual": True},
    "residual gru": {**RNN, "depth": 2, "cell": "gru", "residual": True},
    "forward lstm": {**RNN, "bidirectional": False},
    "forward gru": {**RNN, "bidirectional": False, "cell": "gru", "width": 33},
    "forward mingru": {**RNN, "bidirectional": False, "cell": "mingru", "width": 33},
    "fixed dropout": {**RNN, "dropout": 0.3},
    "no n-grams": {**RNN, "char_ngram_rows": 0},
    "unknown words": {**RNN, "learn_unknown": True},
    "static vectors": {**RNN, "include_static_vectors": True},
    "characters": {**RNN, "characters": True, "include_static_vectors": True},
    "no cache": {**RNN, "characters": True, "cache_mib": 0},
    "characters alone": {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "spacy-rnn.CharEmbed.v1",
            "width": 64,
        },
        "encode": {"@architectures": "spacy-rnn.BiGRUEncoder.v1", "width": 64},
    },
    **{
        f"{cell} encoder": {
            "@architectures": "spacy.Tok2Vec.v2",
            "embed": {
                "@architectures": "spacy.MultiHashEmbed.v2",
                "width": 64,
                "attrs": ["NORM", "SHAPE"],
                "rows": [1000, 500],
                "include_static_vectors": False,
            },
            "encode": {"@architectures": f"spacy-rnn.{name}.v1", "width": 64, "depth": 2},
        }
        for cell, name in (("lstm", "BiLSTMEncoder"), ("gru", "BiGRUEncoder"))
    },
}
SCORES = {"rnn_ner": "ents_f", "rnn_tagger": "tag_acc"}
POOLS = ["attention", "max", "mean", "last"]
TEXTCATS: list[tuple[str, dict[str, Any]]] = [
    *((tok2vec, {"pools": POOLS}) for tok2vec in TOK2VECS),
    ("lstm", {"pools": ["attention", "last"], "heads": 4}),
    ("lstm", {"ngram_rows": 500}),
    ("lstm", {"window": 3}),
    ("forward gru", {"window": 3, "ngram_rows": 500}),
]
ALL = [
    *(("rnn_tagger", {"@architectures": "spacy-rnn.Tagger.v1", "tok2vec": t}) for t in TOK2VECS),
    *(
        (factory, {"@architectures": "spacy-rnn.CRFTagger.v1", "tok2vec": tok2vec})
        for factory in ("rnn_tagger", "rnn_ner")
        for tok2vec in ("lstm", "gru")
    ),
    *(
        (
            factory,
            {
                "@architectures": "spacy-rnn.TextCat.v1",
                "exclusive_classes": factory == "rnn_textcat",
                "tok2vec": tok2vec,
                **options,
            },
        )
        for factory in ("rnn_textcat", "rnn_textcat_multilabel")
        for tok2vec, options in TEXTCATS
    ),
]
every_model = pytest.mark.parametrize(
    ("factory", "model"),
    ALL,
    ids=[" ".join(map(str, (name, m["tok2vec"], *list(m)[3:]))) for name, m in ALL],
)


@pytest.fixture
def vectors(nlp: Language) -> Language:
    """RETURNS (Language): A pipeline with a small table of vectors."""
    for word in ["They", "did", "not", "like", "the", "soup", "liked"]:
        nlp.vocab.set_vector(word, numpy.random.normal(size=7).astype("f"))
    return nlp


def build(nlp: Language, factory: str, model: dict[str, Any]) -> Language:
    blocks = {**model, "tok2vec": TOK2VECS[model["tok2vec"]]}
    nlp.add_pipe(factory, config={"model": blocks})
    return nlp


def outputs(nlp: Language, docs: Iterable[Doc]) -> list[numpy.ndarray]:
    """RETURNS (List[ndarray]): What the model of the only component gives for each doc."""
    found = nlp.get_pipe(nlp.pipe_names[0]).model.predict(list(docs))
    if isinstance(found, Ragged):
        return numpy.split(found.dataXd, found.lengths.cumsum()[:-1])
    return list(found)


def all_weights(model: Model) -> dict[str, numpy.ndarray]:
    """RETURNS (Dict[str, ndarray]): Copies of what is learned, in Thinc's layers and torch's."""
    found = {}
    for i, node in enumerate(model.walk()):
        for name in node.param_names:
            found[f"{i} {name}"] = node.get_param(name).copy()
        for shim in node.shims:
            for name, weight in shim._model.named_parameters():
                if weight.requires_grad:
                    found[f"{i} {name}"] = weight.detach().numpy().copy()
    return found


@every_model
def test_a_doc_gets_the_same_alone_as_in_any_batch(vectors, make_examples, texts, factory, model):
    nlp = build(vectors, factory, model)
    optimizer = nlp.initialize(lambda: make_examples(nlp))
    for _ in range(3):
        nlp.update(make_examples(nlp), sgd=optimizer)
    texts = [*texts, "", "soup " * 70, "", "soup"]
    docs = [nlp.make_doc(text) for text in texts]
    together = outputs(nlp, docs)
    alone = [outputs(nlp, [doc])[0] for doc in docs]
    backward = outputs(nlp, docs[::-1])[::-1]
    for doc, a, b, c in zip(docs, together, alone, backward, strict=True):
        assert len(a) == (2 if "textcat" in factory else len(doc))
        numpy.testing.assert_allclose(a, b, atol=1e-5)
        numpy.testing.assert_allclose(a, c, atol=1e-5)
    pipe = nlp.get_pipe(factory)
    if factory == "rnn_ner":
        assert not any(len(part) for part in pipe.predict([nlp.make_doc("")]))
        return
    assert len(pipe.predict([])) == 0
    for batch in ([docs[0], nlp.make_doc("")], [nlp.make_doc("")]):
        assert not numpy.any(pipe.predict(batch)[-1])


@every_model
def test_learns_and_predicts_the_same_after_a_round_trip(
    vectors, make_examples, texts, tmp_path, factory, model
):
    nlp = build(vectors, factory, model)
    optimizer = nlp.initialize(lambda: make_examples(nlp))
    optimizer.learn_rate = 0.01
    names = [node.name for node in nlp.get_pipe(factory).model.walk()]
    for _ in range(100):
        nlp.update(make_examples(nlp), sgd=optimizer, drop=0.1)
    scores = nlp.evaluate(make_examples(nlp))
    assert scores[SCORES.get(factory, "cats_score")] == 1.0
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    docs = [nlp.make_doc(text) for text in texts]
    for a, b in zip(outputs(nlp, docs), outputs(loaded, docs), strict=True):
        numpy.testing.assert_array_equal(a, b)
    fresh = load_model_from_config(Config().from_disk(tmp_path / "config.cfg"))
    assert [node.name for node in fresh.get_pipe(factory).model.walk()] == names


@every_model
def test_initialize_gives_fresh_weights_and_the_same_for_the_same_seed(
    vectors, make_examples, factory, model
):
    def initialize(nlp: Language, seed: int) -> dict[str, numpy.ndarray]:
        fix_random_seed(seed)
        nlp.initialize(lambda: make_examples(nlp))
        return all_weights(nlp.get_pipe(factory).model)

    twin = spacy.blank("en", vocab=vectors.vocab)
    nlp, twin = build(vectors, factory, model), build(twin, factory, model)
    first, again, other = initialize(nlp, 1), initialize(twin, 1), initialize(nlp, 2)
    for name, weight in first.items():
        numpy.testing.assert_array_equal(weight, again[name], err_msg=name)
    drawn = [n for n in first if "weight" in n and "query" not in n and "norm" not in n]
    assert drawn
    for name in drawn:
        assert not numpy.array_equal(first[name], other[name]), name


@every_model
def test_averages_reach_every_weight(vectors, make_examples, factory, model):
    nlp = build(vectors, factory, model)
    optimizer = nlp.initialize(lambda: make_examples(nlp), sgd=Adam(0.01, use_averages=True))
    for _ in range(3):
        nlp.update(make_examples(nlp), sgd=optimizer)
    pipe = nlp.get_pipe(factory)
    trained = all_weights(pipe.model)
    with nlp.use_params(optimizer.averages):
        averaged, stored = all_weights(pipe.model), pipe.to_bytes()
    for name, weight in all_weights(pipe.model).items():
        numpy.testing.assert_array_equal(weight, trained[name], err_msg=name)
        assert not numpy.array_equal(weight, averaged[name]), name
    for name, weight in all_weights(pipe.from_bytes(stored).model).items():
        numpy.testing.assert_array_equal(weight, averaged[name], err_msg=name)


@every_model
def test_training_dropout_reaches_the_recurrent_layers(vectors, make_examples, factory, model):
    nlp = build(vectors, factory, model)
    nlp.initialize(lambda: make_examples(nlp))
    docs = [eg.x for eg in make_examples(nlp)]
    tok2vec = nlp.get_pipe(factory).model.get_ref("tok2vec")
    settings = nlp.config["components"][factory]["model"]["tok2vec"]
    embed = tok2vec.get_ref("embed")
    # What is left where all that the recurrent layers found is dropped.
    left = embed.predict(docs).dataXd if settings.get("residual") else 0
    for rate in (0.0, 0.6):
        set_dropout_rate(tok2vec, rate)
        set_dropout_rate(embed, 0.0)
        dropped = numpy.isclose(numpy.concatenate(tok2vec.begin_update(docs)[0]), left, atol=1e-6)
        fixed = settings.get("dropout")
        expected = rate if fixed is None else fixed
        if settings.get("residual"):
            expected **= settings.get("depth", 1)
        assert abs(dropped.mean() - expected) < 0.08
    assert (numpy.concatenate(tok2vec.predict(docs)) != 0).all()


@pytest.mark.parametrize("cell", ["lstm", "gru", "mingru", "original gru"])
def test_extreme_documents(nlp, make_examples, texts, cell):
    build(nlp, "rnn_tagger", {"@architectures": "spacy-rnn.Tagger.v1", "tok2vec": cell})
    nlp.initialize(lambda: make_examples(nlp))
    long = Doc(nlp.vocab, words=["soup", "not", "the"] * 33_333 + ["."])
    short = [nlp.make_doc(text) for text in texts]
    scores = outputs(nlp, [*short, long])
    assert scores[-1].shape == (100_000, len(nlp.get_pipe("rnn_tagger").labels))
    for a, b in zip(scores, outputs(nlp, short), strict=False):
        numpy.testing.assert_allclose(a, b, atol=1e-5)


def test_a_thousand_labels(nlp):
    labels = [f"L{i}" for i in range(1000)]
    pipe = nlp.add_pipe("rnn_textcat")
    for label in labels:
        pipe.add_label(label)
    nlp.initialize()
    assert abs(sum(nlp("Yes !").cats.values()) - 1.0) < 1e-4


def test_loading_a_pipeline_unpickles_nothing(nlp, make_examples, tmp_path, monkeypatch):
    build(nlp, "rnn_tagger", {"@architectures": "spacy-rnn.Tagger.v1", "tok2vec": "lstm"})
    nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path)

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("unpickled")

    for name in ("pickle.load", "pickle.loads", "torch.load"):
        monkeypatch.setattr(name, refuse)
    assert spacy.load(tmp_path).pipe_names == ["rnn_tagger"]


@pytest.mark.parametrize("damage", ["truncated", "foreign", "empty"])
@pytest.mark.parametrize("factory", ["rnn_tagger", "rnn_textcat", "rnn_tok2vec"])
def test_damaged_files_are_named(nlp, make_examples, tmp_path, factory, damage):
    nlp.add_pipe(factory)
    nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path)
    path = tmp_path / factory / "model"
    data = path.read_bytes()
    path.write_bytes(
        {"truncated": data[: len(data) // 2], "foreign": b"PK\3\4", "empty": b""}[damage]
    )
    with pytest.raises(ValueError, match=f"Can't load component '{factory}' from .*model: got a"):
        spacy.load(tmp_path)


def test_importing_the_factories_is_cheap():
    code = (
        "import sys, spacy; spacy.blank('en');"
        "heavy = {'datasets', 'spacy_rnn.architectures', 'spacy_rnn.corpus'};"
        "assert 'spacy_rnn.pipeline.tagger' in sys.modules;"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

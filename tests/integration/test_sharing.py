"""A recurrent encoder serves every trainable component of spaCy, through a listener or inside it:
it learns from that component's loss, and the pipeline says the same after a round trip.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import SGD, Model, Optimizer

Config = dict[str, Any]
Facts = list[dict[str, Any]]
Weights = Callable[[Model], dict[str, Any]]

CELLS = ("lstm", "gru")
STEPS = 60
LISTENER = {
    "@architectures": "spacy.Tok2VecListener.v1",
    "width": "${components.rnn_tok2vec.model.width}",
}


class Task(NamedTuple):
    """A component, without its tok2vec, and the score that says that it has learned."""

    factory: str
    score: str
    model: Config
    settings: Config = {}  # noqa: RUF012  (never written to)


def transition(state_type: str) -> Config:
    return {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": state_type,
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 2,
        "use_upper": True,
    }


TAGGER = {"@architectures": "spacy.Tagger.v2"}
SPANCAT = {
    "@architectures": "spacy.SpanCategorizer.v1",
    "reducer": {"@layers": "spacy.mean_max_reducer.v1", "hidden_size": 16},
    "scorer": {"@layers": "spacy.LinearLogistic.v1"},
}
REDUCE = {
    "@architectures": "spacy.TextCatReduce.v1",
    "exclusive_classes": True,
    "use_reduce_first": False,
    "use_reduce_last": False,
    "use_reduce_max": True,
    "use_reduce_mean": True,
}
ATTENTION = {"@architectures": "spacy.TextCatParametricAttention.v1", "exclusive_classes": True}
ENSEMBLE = {
    "@architectures": "spacy.TextCatEnsemble.v2",
    "linear_model": {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": False,
        "ngram_size": 1,
        "no_output_layer": False,
    },
}


def textcat(exclusive_classes: bool, *pools: str) -> Config:
    return {
        "@architectures": "spacy-rnn.TextCat.v1",
        "exclusive_classes": exclusive_classes,
        "pools": list(pools or ("attention", "max", "mean", "last")),
    }


SPACY = {
    "tagger": Task("tagger", "tag_acc", TAGGER),
    "morphologizer": Task("morphologizer", "morph_acc", TAGGER),
    "parser": Task("parser", "dep_las", transition("parser"), {"min_action_freq": 1}),
    "ner": Task("ner", "ents_f", transition("ner")),
    "senter": Task("senter", "sents_f", TAGGER),
    "spancat": Task("spancat", "spans_sc_f", SPANCAT),
    "textcat": Task("textcat", "cats_score", REDUCE),
    "textcat_attention": Task("textcat", "cats_score", ATTENTION),
    "textcat_multilabel": Task("textcat_multilabel", "cats_score", ENSEMBLE),
}
OURS = {
    "textcat_rnn": Task("textcat", "cats_score", textcat(True)),
    "textcat_multilabel_rnn": Task("textcat_multilabel", "cats_score", textcat(False)),
    "rnn_tagger": Task("rnn_tagger", "tag_acc", TAGGER),
    "rnn_textcat": Task("rnn_textcat", "cats_score", textcat(True)),
    "rnn_textcat_multilabel": Task("rnn_textcat_multilabel", "cats_score", textcat(False)),
}
POOLS = {
    f"rnn_textcat_{pool}": Task("rnn_textcat", "cats_score", textcat(True, pool))
    for pool in ("attention", "max", "mean", "last")
}
TASKS = {**SPACY, **OURS, **POOLS}

EMBEDS: dict[str, Config] = {
    "hash": {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": 16,
        "attrs": ["NORM", "SUFFIX"],
        "rows": [200, 200],
        "include_static_vectors": False,
    },
    "characters": {
        "@architectures": "spacy.CharacterEmbed.v2",
        "width": 16,
        "rows": 200,
        "nM": 8,
        "nC": 4,
        "include_static_vectors": False,
    },
}


def component(task: Task, tok2vec: Config) -> Config:
    return {
        "factory": task.factory,
        **task.settings,
        "model": {**task.model, "tok2vec": tok2vec},
    }


def tok2vec(cell: str) -> Config:
    return {"@architectures": "spacy-rnn.Tok2Vec.v1", "width": 32, "cell": cell}


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [name for name in before if not numpy.array_equal(before[name], after[name])]


def shim_ids(model: Model) -> set[int]:
    return {shim.id for node in model.walk() for shim in node.shims}


@pytest.fixture(scope="module", params=CELLS)
def cell(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module", params=TASKS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def blank(cell: str, name: str, build: Callable[..., Language]) -> Callable[[], Language]:
    """Builds a pipeline of encoder and listener."""
    upstream = {"factory": "rnn_tok2vec", "model": tok2vec(cell)}
    return lambda: build(rnn_tok2vec=upstream, **{name: component(TASKS[name], LISTENER)})


@pytest.fixture(scope="module")
def trained(
    name: str,
    blank: Callable[[], Language],
    train: Callable[..., Optimizer],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Language, Path]:
    """The pipeline, trained, and where it has been saved."""
    nlp = blank()
    train(nlp, STEPS)
    path = tmp_path_factory.mktemp(name)
    nlp.to_disk(path)
    return nlp, path


def test_listener_learns(
    trained: tuple[Language, Path],
    name: str,
    facts: Callable[[Language], Facts],
    examples: Callable[[Language], list[Example]],
) -> None:
    nlp, path = trained
    assert nlp.evaluate(examples(nlp))[TASKS[name].score] == 1.0
    assert facts(spacy.load(path)) == facts(nlp)


def test_encoder_learns_from_listener(
    blank: Callable[[], Language], train: Callable[..., Optimizer], weights: Weights
) -> None:
    nlp = blank()
    encoder = nlp.get_pipe("rnn_tok2vec").model
    train(nlp, 0)
    before = weights(encoder)
    # No decay: only a gradient moves a weight. Output layers that start at zero give none at first.
    train(nlp, 3, sgd=SGD(0.1, L2=0.0))
    assert changed(before, weights(encoder)) == list(before)


def test_replaced_listener(
    blank: Callable[[], Language],
    name: str,
    train: Callable[..., Optimizer],
    facts: Callable[[Language], Facts],
    weights: Weights,
    tmp_path: Path,
) -> None:
    nlp = blank()
    train(nlp, 5)
    nlp.to_disk(tmp_path / "shared")
    nlp = spacy.load(tmp_path / "shared")  # without the gradient of the last update
    expected = facts(nlp)
    nlp.replace_listeners("rnn_tok2vec", name, ["model.tok2vec"])
    assert facts(nlp) == expected

    encoder, model = nlp.get_pipe("rnn_tok2vec").model, nlp.get_pipe(name).model
    assert shim_ids(encoder)
    assert shim_ids(encoder).isdisjoint(shim_ids(model))
    shared, own = weights(encoder), weights(model)
    train(nlp, 3, sgd=SGD(0.1, L2=0.0))
    assert changed(shared, weights(encoder)) == []
    assert changed(own, weights(model)) == list(own)

    nlp.to_disk(tmp_path / "replaced")
    assert facts(spacy.load(tmp_path / "replaced")) == facts(nlp)


def test_frozen_encoder(
    blank: Callable[[], Language],
    name: str,
    train: Callable[..., Optimizer],
    examples: Callable[[Language], list[Example]],
    weights: Weights,
) -> None:
    nlp = blank()
    sgd = train(nlp, 0)
    encoder = nlp.get_pipe("rnn_tok2vec").model
    before = weights(encoder)
    frozen = {"exclude": ["rnn_tok2vec"], "annotates": ["rnn_tok2vec"]}
    losses = [nlp.update(examples(nlp), sgd=sgd, **frozen)[name] for _ in range(STEPS)]
    assert changed(before, weights(encoder)) == []
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("name", SPACY | OURS)
@pytest.mark.parametrize("embed", EMBEDS)
@pytest.mark.parametrize("encode", ["spacy-rnn.BiLSTMEncoder.v1", "spacy-rnn.BiGRUEncoder.v1"])
def test_encode_slot(
    encode: str,
    embed: str,
    name: str,
    build: Callable[..., Language],
    train: Callable[..., Optimizer],
    examples: Callable[[Language], list[Example]],
    facts: Callable[[Language], Facts],
    tmp_path: Path,
) -> None:
    slots = {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": EMBEDS[embed],
        "encode": {"@architectures": encode, "width": 16},
    }
    nlp = build(**{name: component(TASKS[name], slots)})
    train(nlp, STEPS)
    assert nlp.evaluate(examples(nlp))[TASKS[name].score] == 1.0
    nlp.to_disk(tmp_path)
    assert facts(spacy.load(tmp_path)) == facts(nlp)


def test_one_encoder_learns_from_documents_that_are_annotated_for_one_task_each(nlp):
    nlp.add_pipe("rnn_tok2vec", config={"model": {"width": 32}})
    for name in ("rnn_tagger", "rnn_ner"):
        model = {"@architectures": "spacy-rnn.CRFTagger.v1", "tok2vec": {**LISTENER, "width": 32}}
        nlp.add_pipe(name, config={"model": model})
    words = ["Ada", "saw", "Paris"]
    tags = Example.from_dict(nlp.make_doc("Ada saw Paris"), {"tags": ["N", "V", "N"]})
    entities = Example.from_dict(
        nlp.make_doc("Ada saw Paris"), {"entities": ["U-PER", "O", "U-LOC"]}
    )
    assert not tags.reference.has_annotation("ENT_IOB")
    assert not entities.reference.has_annotation("TAG")
    optimizer = nlp.initialize(lambda: [tags, entities])
    optimizer.learn_rate = 0.01
    for i in range(STEPS):
        nlp.update([(tags, entities)[i % 2]], sgd=optimizer)
    doc = nlp(" ".join(words))
    assert [token.tag_ for token in doc] == ["N", "V", "N"]
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Ada", "PER"), ("Paris", "LOC")]
    scores = nlp.evaluate([tags, entities])
    assert scores["tag_acc"] == scores["ents_f"] == 1.0

"""`rnn_ner`: spaCy's conventions, exact confidences, bad input."""

from itertools import pairwise, product
from typing import Any

import numpy
import pytest
import spacy
import torch
from numpy.testing import assert_allclose
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_rnn.layers import crf as crf_module
from spacy_rnn.pipeline import ner as ner_module
from spacy_rnn.pipeline.calibration import expected_calibration_error, minimize
from spacy_rnn.pipeline.confidence import MARGINS
from spacy_rnn.pipeline.entities import BEGIN, INSIDE, MISSING, OUT, aligned_entities
from spacy_rnn.pipeline.ner import RNNEntityRecognizer
from spacy_rnn.pipeline.tags import Segments, TagSet

KEY = "entities"
DATA = [
    ("Ada Lovelace met Charles Babbage in London .", [(0, 2, "PER"), (3, 5, "PER"), (6, 7, "LOC")]),
    ("London Paris New York City", [(0, 1, "LOC"), (1, 2, "LOC"), (2, 5, "LOC")]),
    ("Nothing to see here .", []),
    ("Ada saw Paris .", [(0, 1, "PER"), (2, 3, "LOC")]),
]


def make_example(
    nlp: Language, words: list[str], entities: list[tuple[int, int, str]], **kwargs: Any
) -> Example:
    reference = Doc(nlp.vocab, words=words)
    reference.set_ents(
        [Span(reference, start, end, label) for start, end, label in entities], **kwargs
    )
    return Example(Doc(nlp.vocab, words=words), reference)


def make_examples(nlp: Language) -> list[Example]:
    return [make_example(nlp, text.split(), entities) for text, entities in DATA]


def add_ner(nlp: Language, **config: Any) -> RNNEntityRecognizer:
    config = {"model": {"tok2vec": {"width": 16, "rows": [50, 50, 50, 50]}}, **config}
    return nlp.add_pipe("rnn_ner", config=config)


def add_random_ner(nlp: Language, scale: float = 2.0, **config: Any) -> RNNEntityRecognizer:
    """Add a recognizer that predicts all sorts of entities."""
    ner = add_ner(nlp, **config)
    nlp.initialize(lambda: make_examples(nlp))
    torch.nn.init.normal_(ner.model.get_ref("crf").shims[0]._model.transitions)
    output = ner.model.get_ref("output_layer")
    shape = output.get_param("W").shape
    output.set_param("W", numpy.random.normal(size=shape, scale=scale).astype("f"))
    return ner


def train(nlp: Language, steps: int = 60) -> list[Example]:
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(steps):
        nlp.update(examples, sgd=optimizer)
    return examples


def as_tuples(doc: Doc) -> list[tuple[int, int, str]]:
    return [(ent.start, ent.end, ent.label_) for ent in doc.ents]


def make_docs(nlp: Language) -> list[Doc]:
    return [Doc(nlp.vocab, words=text.split()) for text, _ in DATA]


def scores_of(doc: Doc) -> list[float]:
    return doc.spans[KEY].attrs["scores"].tolist()


def test_learns_and_comes_back_from_disk(nlp: Language, tmp_path) -> None:
    ner = add_ner(nlp, spans_key=KEY, n_best=3)
    examples = train(nlp)
    assert nlp.evaluate(examples)["ents_f"] == 1.0
    ner.cfg["temperature"] = 1.5
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    copied = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    for doc in nlp.pipe(make_docs(nlp)):
        for other in (loaded, copied):
            found = other(Doc(other.vocab, words=[token.text for token in doc]))
            assert as_tuples(found) == as_tuples(doc)
            # Embedded in another batch, a token's vector may differ in its last bit.
            assert scores_of(found) == pytest.approx(scores_of(doc), abs=1e-6)


def test_from_config_alone_a_pipeline_can_be_saved(nlp: Language, tmp_path) -> None:
    add_ner(nlp)
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path).get_pipe("rnn_ner").labels == ()


def test_initialize_starts_anew(nlp: Language) -> None:
    ner = add_ner(nlp)
    train(nlp, steps=2)
    weights = ner.model.get_ref("crf").shims[0]._model
    assert weights.transitions.any()
    nlp.initialize(lambda: make_examples(nlp))
    assert not weights.transitions.any()
    assert not weights.legal.all()


def test_listens_to_a_shared_encoder(nlp: Language) -> None:
    nlp.add_pipe("rnn_tok2vec", config={"model": {"width": 16, "rows": [50] * 4}})
    nlp.add_pipe(
        "rnn_ner",
        config={"model": {"tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": 16}}},
    )
    examples = train(nlp)
    assert nlp.evaluate(examples)["ents_f"] == 1.0


def test_score_weights_are_those_of_ner() -> None:
    meta = Language.get_factory_meta("rnn_ner")
    assert meta.default_score_weights == Language.get_factory_meta("ner").default_score_weights
    assert "doc.ents" in meta.assigns


def test_batch_mates_do_not_matter(nlp: Language) -> None:
    add_random_ner(nlp, spans_key=KEY)
    empty = [Doc(nlp.vocab), Doc(nlp.vocab, words=["\n"])]
    together = list(nlp.pipe([*empty, *make_docs(nlp), *empty]))
    for doc in together:
        alone = nlp(Doc(nlp.vocab, words=[token.text for token in doc]))
        assert as_tuples(alone) == as_tuples(doc)
        assert_allclose(scores_of(alone), scores_of(doc), atol=1e-5)


# What is in the documents stays


def random_doc(nlp: Language, rng: numpy.random.RandomState) -> Doc:
    """Make a document with entities, blocked tokens, whitespace and sentence starts."""
    words = rng.choice(["Ada", "London", "saw", ".", "\n", "  "], size=rng.randint(1, 12)).tolist()
    doc = Doc(nlp.vocab, words=words, sent_starts=[bool(s) for s in rng.rand(len(words)) < 0.2])
    entities, blocked, outside, start = [], [], [], 0
    while start < len(doc):
        span = Span(doc, start, min(len(doc), start + rng.randint(1, 4)))
        kind = rng.choice(["PER", "LOC", "OTHER", "blocked", "outside", "free", "free"])
        if kind == "blocked":
            blocked.append(span)
        elif kind == "outside":
            outside.append(span)
        elif kind != "free":
            entities.append(Span(doc, span.start, span.end, kind, kb_id="Q1"))
        start = span.end
    doc.set_ents(entities, blocked=blocked, outside=outside, default="missing")
    return doc


def test_presets_stay_and_conventions_hold(nlp: Language) -> None:
    ner = add_random_ner(nlp, spans_key=KEY, n_best=3)
    rng = numpy.random.RandomState(0)
    docs = [random_doc(nlp, rng) for _ in range(300)]
    before = [doc.copy() for doc in docs]
    new = 0
    for doc, old in zip(ner.pipe(docs, batch_size=64), before, strict=True):
        kept = {(ent.start, ent.end, ent.label_, ent.kb_id_) for ent in old.ents}
        found = {(ent.start, ent.end, ent.label_, ent.kb_id_) for ent in doc.ents}
        assert kept <= found
        for token, was in zip(doc, old, strict=True):
            assert token.ent_iob != MISSING
            if was.ent_iob == BEGIN and not was.ent_type:
                assert (token.ent_iob, token.ent_type) == (BEGIN, 0)
        for start, end, *_ in found - kept:
            new += 1
            assert not doc[start].is_space
            assert not doc[end - 1].is_space
            assert not any(token.is_sent_start for token in doc[start + 1 : end])
        best = {(span.start, span.end, span.label_) for span in doc.spans[KEY]}
        assert all(
            (ent.start, ent.end, ent.label_) in best
            for ent in doc.ents
            if ent.label_ != "OTHER" and (ent.start, ent.end, ent.label_, "Q1") not in kept
        )
    assert new > 100


def test_presets_are_certain(nlp: Language) -> None:
    ner = add_random_ner(nlp, spans_key=KEY, min_score=0.999999)
    for doc in make_docs(nlp):
        doc.set_ents([Span(doc, 1, 3, "PER")], default="missing")
        doc = ner(doc)
        assert as_tuples(doc) == [(1, 3, "PER")]
        assert_allclose(scores_of(doc), 1.0)


def test_all_tokens_blocked(nlp: Language) -> None:
    ner = add_random_ner(nlp, spans_key=KEY)
    doc = Doc(nlp.vocab, words=["Ada", "saw", "London"])
    doc.set_ents([], default="blocked")
    doc = ner(doc)
    assert doc.ents == ()
    assert scores_of(doc) == []
    assert [token.ent_iob for token in doc] == [BEGIN] * 3


@pytest.mark.parametrize("words", [[], ["\n"], [" ", "\n\n"]])
def test_nothing_to_see(nlp: Language, words: list[str]) -> None:
    ner = add_random_ner(nlp, spans_key=KEY, n_best=2)
    doc = Doc(nlp.vocab, words=words)
    assert ner(doc).ents == ()
    assert len(doc.spans[KEY]) == 0
    assert list(ner.pipe([])) == []
    losses = ner.update([Example(doc.copy(), doc)])
    assert losses["rnn_ner"] == 0.0


def test_whitespace_within_an_entity(nlp: Language) -> None:
    add_ner(nlp)
    words = ["in", "New", "\n", "York", "\n", "today"]
    examples = [make_example(nlp, words, [(1, 4, "LOC")])]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(40):
        nlp.update(examples, sgd=optimizer)
    assert as_tuples(nlp(Doc(nlp.vocab, words=words))) == [(1, 4, "LOC")]


# Annotation


TAGS = ["O", "B-0", "I-0", "L-0", "U-0", "B-1", "I-1", "L-1", "U-1"]


def test_legal_transitions() -> None:
    names = [*TAGS, "boundary"]
    legal = TagSet(2).legal()
    for (i, before), (j, after) in product(enumerate(names), repeat=2):
        is_open, label = before[0] in "BI", before[2:]
        continues = after[0] in "IL"
        expected = (is_open and label == after[2:]) if continues else not is_open
        if before != "boundary" and after != "boundary":
            assert legal[i, j] == expected, (before, after)
    assert not legal[-1, [name[0] in "IL" for name in names]].any()
    ends = [name[0] not in "BI" for name in names[:-1]]
    assert legal[:-1, -1].tolist() == ends


def test_encode_and_decode_are_inverse() -> None:
    tags = TagSet(2)
    assert len(tags) == len(TAGS)
    segments = Segments(*numpy.array([[0, 1, 3, 7], [1, 3, 6, 8], [0, 1, 1, 0]]))
    encoded, sizes = tags.encode(segments)
    assert sizes.tolist() == [1, 2, 3, 1]
    flat = numpy.zeros(9, dtype="int64")
    flat[[0, 1, 2, 3, 4, 5, 7]] = encoded
    assert [part.tolist() for part in tags.decode(flat)] == [part.tolist() for part in segments]
    names = [TAGS[tag] for tag in encoded]
    assert names == ["U-0", "B-1", "L-1", "B-1", "I-1", "L-1", "U-0"]


@pytest.mark.parametrize(
    "words",
    [
        "Ada Lovelace met Charles Babbage in London .",
        "AdaLovelace met CharlesBabbage in London .",
        "Ada Lovelace met Charles Babbagein London.",
        "A da Love lace met Char lesBab bage in Lon don .",
    ],
)
def test_aligned_as_in_spacy(nlp: Language, words: str) -> None:
    example = make_examples(nlp)[0]
    example.predicted = Doc(nlp.vocab, words=words.split())
    expected = []
    for tag in example.get_aligned_ner():
        move = {"O": OUT, "B": BEGIN, "U": BEGIN, "I": INSIDE, "L": INSIDE}
        expected.append((MISSING, "") if tag is None else (move[tag[0]], tag[2:]))
    found = [(iob, nlp.vocab.strings[label]) for iob, label in aligned_entities(example).tolist()]
    assert found == expected


def test_missing_and_blocked_annotation_leaves_tags_open(nlp: Language) -> None:
    ner = add_random_ner(nlp)
    words = ["a", "b", "c", "d", "e", "f"]
    reference = Doc(nlp.vocab, words=words)
    reference.set_ents(
        [Span(reference, 1, 3, "PER")],
        missing=[reference[3:4]],
        blocked=[reference[4:5]],
        default="outside",
    )
    example = Example(Doc(nlp.vocab, words=words), reference)
    tokens = ner_module.Tokens.of([example.predicted])
    gold = ner._gold_tags([example], tokens, None)
    names = numpy.array(TAGS)  # LOC is label 0, PER is 1
    found = [names[mask].tolist() for mask in gold]
    starts = [name for name in TAGS if name[0] not in "IL"]
    assert found == [["O"], ["B-1", "U-1"], ["I-1", "L-1"], starts, TAGS, ["O"]]


def test_no_annotation_no_gradient(nlp: Language) -> None:
    ner = add_random_ner(nlp)
    docs = make_docs(nlp)
    examples = [Example(doc, doc.copy()) for doc in docs]
    loss, gradient = ner.get_loss(examples, ner.model.predict(docs))
    assert loss == pytest.approx(0.0, abs=1e-9)
    assert_allclose(gradient.dataXd, 0.0, atol=1e-7)


def test_gradient_is_that_of_the_loss(nlp: Language) -> None:
    ner = add_random_ner(nlp)
    words = ["Ada", "\n", "Lovelace", "saw", "Paris"]
    example = make_example(nlp, words, [(0, 3, "PER")], missing=[], default="missing")
    scores = ner.model.predict([example.predicted])
    _, gradient = ner.get_loss([example], scores)
    numeric = numpy.zeros_like(gradient.dataXd)
    for i in numpy.ndindex(*numeric.shape):
        losses = []
        for step in (0.01, -0.01):
            scores.dataXd[i] += step
            losses.append(ner.get_loss([example], scores)[0])
            scores.dataXd[i] -= step
        numeric[i] = (losses[0] - losses[1]) / 0.02
    assert_allclose(gradient.dataXd, numeric, atol=1e-3)
    assert not gradient.dataXd[1].any()


def test_learns_from_partial_annotation(nlp: Language) -> None:
    add_ner(nlp)
    examples = make_examples(nlp)
    first = examples[0].reference
    first.set_ents([Span(first, 0, 2, "PER")], outside=[first[2:3]], default="missing")
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(60):
        nlp.update(examples, sgd=optimizer)
    assert as_tuples(nlp(make_docs(nlp)[0]))[0] == (0, 2, "PER")


def test_entities_across_sentence_starts_are_missing(nlp: Language) -> None:
    ner = add_random_ner(nlp)
    words = ["Ada", "saw", "Ada", "Lovelace", "."]
    starts = [True, False, False, True, False]
    example = make_example(nlp, words, [(0, 1, "PER"), (2, 4, "PER")])
    example.predicted = Doc(nlp.vocab, words=words, sent_starts=starts)
    tokens = ner_module.Tokens.of([example.predicted])
    lattice = ner.lattice(ner.model.predict([example.predicted]), tokens, use_presets=False)
    gold = ner._gold_tags([example], tokens, lattice.allowed)
    names = numpy.array(TAGS)
    assert names[gold[0]].tolist() == ["B-1", "U-1"]
    assert names[gold[1]].tolist() == ["O"]
    assert gold[2].all()
    assert gold[3].all()
    loss, _ = ner.get_loss([example], ner.model.predict([example.predicted]))
    assert 0.0 < loss < numpy.inf


# Confidences


def enumerate_entities(ner: RNNEntityRecognizer, doc: Doc) -> dict[tuple[int, int, str], float]:
    """Find the probability of every entity by listing all tags of a document."""
    crf, tags = ner.model.get_ref("crf").shims[0]._model, ner.tags
    transitions = crf.transitions.detach()
    emissions = torch.from_numpy(ner.model.predict([doc]).dataXd).double()
    scores, found = [], []
    for path in product(range(len(tags)), repeat=len(doc)):
        steps = [-1, *path, -1]
        pairs = list(pairwise(steps))
        if all(crf.legal[pair] for pair in pairs):
            score = sum(float(transitions[pair]) for pair in pairs)
            scores.append(score + float(emissions[range(len(doc)), path].sum()))
            segments = tags.decode(numpy.array(path))
            found.append(list(zip(*(part.tolist() for part in segments), strict=True)))
    chances = torch.tensor(scores, dtype=torch.float64)
    chances = (chances / ner.cfg["temperature"]).softmax(dim=0).tolist()
    result: dict[tuple[int, int, str], float] = {}
    for chance, entities in zip(chances, found, strict=True):
        for start, end, label in entities:
            key = start, end, ner.labels[label]
            result[key] = result.get(key, 0.0) + chance
    return result


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_scores_are_exact(nlp: Language, temperature: float) -> None:
    ner = add_random_ner(nlp, spans_key=KEY, n_best=8, scale=0.5)
    ner.cfg["temperature"] = temperature
    docs = [
        Doc(nlp.vocab, words=words.split()) for words in ("Ada", "a b", "Ada saw Paris", "a b c d")
    ]
    for doc in nlp.pipe(docs):
        expected = enumerate_entities(ner, doc)
        assert len(doc.spans[KEY]) > len(doc.ents)
        for span, score in zip(doc.spans[KEY], scores_of(doc), strict=True):
            key = span.start, span.end, span.label_
            assert score == pytest.approx(expected[key], abs=1e-6)


def test_alternatives_include_the_best(nlp: Language) -> None:
    add_random_ner(nlp, spans_key=KEY, n_best=5)
    for doc in nlp.pipe(make_docs(nlp)):
        spans = [(span.start, span.end, span.label_) for span in doc.spans[KEY]]
        assert set(as_tuples(doc)) < set(spans)
        assert spans == sorted(
            set(spans), key=lambda span: (span[:2], ("LOC", "PER").index(span[2]))
        )


def test_scores_survive_serialization(nlp: Language) -> None:
    add_random_ner(nlp, spans_key=KEY)
    doc = nlp(make_docs(nlp)[0])
    assert scores_of(Doc(nlp.vocab).from_bytes(doc.to_bytes())) == scores_of(doc)


def test_costs_nothing_when_not_asked_for(nlp: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    add_random_ner(nlp)
    asked, ask = [], crf_module._ask

    def watch(model: Any, method: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(method.__name__)
        return ask(model, method, *args, **kwargs)

    monkeypatch.setattr(crf_module, "_ask", watch)
    docs = list(nlp.pipe(make_docs(nlp)[:2]))
    assert asked == ["viterbi"]
    assert not any(doc.spans for doc in docs)


def test_min_score_drops_entities(nlp: Language) -> None:
    ner = add_random_ner(nlp, spans_key=KEY, scale=0.3)
    docs = list(nlp.pipe(make_docs(nlp)))
    threshold = float(numpy.median(numpy.concatenate([scores_of(doc) for doc in docs])))
    ner.min_score = threshold = threshold * (1 - 1e-6)  # between two, not on one
    kept = 0
    for doc, before in zip(nlp.pipe(make_docs(nlp)), docs, strict=True):
        expected = [
            ent
            for ent, score in zip(as_tuples(before), scores_of(before), strict=True)
            if score >= threshold
        ]
        assert as_tuples(doc) == expected
        assert len(doc.spans[KEY]) == len(expected)
        kept += len(expected)
    assert kept


def test_calibration_fits_the_temperature(nlp: Language, tmp_path) -> None:
    ner = add_random_ner(nlp, spans_key=KEY, scale=3.0)
    examples = make_examples(nlp) * 20
    docs = list(nlp.pipe(make_docs(nlp)))
    before = expected_calibration_error(*ner.confidences(examples))
    fit = ner.calibrate(examples)
    assert fit.kept == {"temperature": ner.cfg["temperature"]}
    temperature = ner.cfg["temperature"]
    assert temperature > 1.5
    assert expected_calibration_error(*ner.confidences(examples)) < before
    assert [as_tuples(doc) for doc in nlp.pipe(make_docs(nlp))] == [as_tuples(doc) for doc in docs]
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.get_pipe("rnn_ner").cfg["temperature"] == temperature
    assert scores_of(loaded(DATA[0][0])) == scores_of(nlp(DATA[0][0])) != scores_of(docs[0])


def test_threshold_of_outside_is_the_one_with_the_highest_f_score(nlp: Language, tmp_path) -> None:
    ner = add_ner(nlp, spans_key=KEY)
    examples = train(nlp)
    output = ner.model.get_ref("output_layer")
    while nlp.evaluate(make_examples(nlp))["ents_f"] == 1.0:
        output.set_param("b", output.get_param("b") + numpy.eye(len(ner.tags))[0].astype("f"))
    few = ner.fit_thresholds(examples)
    assert few.best["O"] in MARGINS[1:]
    assert few.kept == ner.cfg["thresholds"] == {}
    fit = ner.fit_thresholds(examples * 20)
    assert fit.kept == ner.cfg["thresholds"] == few.best
    assert 0.0 < fit.low <= fit.gain
    assert ner.cfg["thresholds"]["O"] in MARGINS[1:]
    assert nlp.evaluate(make_examples(nlp))["ents_f"] == 1.0
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert scores_of(loaded(DATA[0][0])) == scores_of(nlp(DATA[0][0]))
    scores, _ = ner.model.begin_update([example.predicted for example in examples])
    loss, _ = ner.get_loss(examples, scores)
    ner.cfg["thresholds"] = {}
    assert ner.get_loss(examples, scores)[0] == loss
    ner.cfg["thresholds"] = {"O": 1.0}
    ner.initialize(lambda: examples)
    assert ner.cfg["thresholds"] == {}


def test_data_it_was_not_trained_on_decide_the_threshold(nlp: Language) -> None:
    ner = add_ner(nlp)
    examples = train(nlp)
    output = ner.model.get_ref("output_layer")
    while nlp.evaluate(make_examples(nlp))["ents_f"] == 1.0:
        output.set_param("b", output.get_param("b") + numpy.eye(len(ner.tags))[0].astype("f"))
    ner.fit_on_dev(examples * 20)
    fitted = dict(ner.cfg)
    assert fitted["thresholds"]["O"] in MARGINS[1:]
    assert nlp.evaluate(make_examples(nlp))["ents_f"] == 1.0
    other = Example.from_dict(nlp.make_doc("In Oslo"), {"entities": [(3, 7, "CITY")]})
    ner.forget_fit()
    ner.fit_on_dev([*examples * 20, other])  # whose label it does not have
    assert ner.cfg == fitted
    output.set_param("b", output.get_param("b") + 1000 * numpy.eye(len(ner.tags))[0].astype("f"))
    ner.forget_fit()
    ner.fit_on_dev(examples * 20)  # which predicts no entity
    assert (ner.cfg["thresholds"], ner.cfg["temperature"]) == ({}, 1.0)
    ner.fit_on_dev([])
    assert ner.cfg["thresholds"] == {}


def test_confidences_leave_out_missing_annotation(nlp: Language) -> None:
    ner = add_random_ner(nlp)
    docs = list(nlp.pipe(make_docs(nlp)))
    examples = [Example(Doc(nlp.vocab, words=[t.text for t in doc]), doc) for doc in docs]
    scores, right = ner.confidences(examples)
    assert len(scores) == sum(len(doc.ents) for doc in docs)
    assert right.all()
    for doc in docs:
        doc.set_ents([], default="missing")
    assert len(ner.confidences(examples)[0]) == 0
    with pytest.raises(ValueError, match=r"Can't calibrate component 'rnn_ner'.*no entities"):
        ner.calibrate(examples)


def test_calibration_error() -> None:
    outcomes = numpy.array([True, False, True, False])
    assert expected_calibration_error(numpy.full(4, 0.5), outcomes) == 0.0
    assert expected_calibration_error(numpy.full(4, 0.9), outcomes) == pytest.approx(0.4)
    assert expected_calibration_error(numpy.array([1.0, 0.0, 1.0, 0.0]), outcomes) == 0.0
    assert expected_calibration_error(numpy.zeros(0), numpy.zeros(0, dtype=bool)) == 0.0


def test_minimize() -> None:
    assert minimize(lambda x: (x - 1.3) ** 2, -4.0, 4.0) == pytest.approx(1.3, abs=1e-3)
    assert minimize(lambda x: x, -4.0, 4.0) == pytest.approx(-4.0, abs=1e-3)


# Training


def test_rehearse_pulls_back(nlp: Language) -> None:
    ner = add_ner(nlp)
    examples = train(nlp, steps=20)
    assert ner.rehearse(examples) == {"rnn_ner": 0.0}
    optimizer = nlp.resume_training()
    assert nlp.rehearse(examples, sgd=optimizer)["rnn_ner"] == pytest.approx(0.0, abs=1e-9)
    others = [make_example(nlp, ["Ada", "saw", "Paris"], [(0, 3, "LOC")])]
    for _ in range(10):
        nlp.update(others, sgd=optimizer)
    away = ner.rehearse(examples)["rnn_ner"]
    for _ in range(10):
        ner.rehearse(examples, sgd=optimizer)
    assert ner.rehearse(examples)["rnn_ner"] < away


def test_same_seed_same_weights(nlp: Language) -> None:
    def losses() -> dict[str, float]:
        fix_random_seed(1)
        ner = add_ner(spacy.blank("en"))
        ner.initialize(lambda: make_examples(nlp))
        return ner.update(make_examples(nlp), drop=0.2)

    assert losses() == losses()


# Bad input


def test_overlapping_entities_are_refused(nlp: Language) -> None:
    doc = nlp.make_doc("Ada Lovelace saw London")
    with pytest.raises(ValueError, match="E103"):
        Example.from_dict(doc, {"entities": [(0, 12, "PER"), (4, 12, "PER")]})
    with pytest.raises(ValueError, match="E1010"):
        doc.ents = [Span(doc, 0, 2, "PER"), Span(doc, 1, 2, "PER")]


def test_entities_within_tokens_are_missing(nlp: Language) -> None:
    ner = add_random_ner(nlp)
    doc = nlp.make_doc("Ada Lovelace saw London")
    with pytest.warns(UserWarning, match="W030"):
        example = Example.from_dict(doc, {"entities": [(0, 6, "PER"), (17, 23, "LOC")]})
    tokens = ner_module.Tokens.of([example.predicted])
    gold = ner._gold_tags([example], tokens, None)
    assert gold[:2].all()
    assert not gold[2:].all(axis=1).any()
    assert 0.0 < ner.update([example])["rnn_ner"] < numpy.inf


def test_whitespace_only_entities_are_of_no_account(nlp: Language) -> None:
    ner = add_random_ner(nlp)
    words = ["Ada", "\n", "saw", " ", "Paris"]
    odd = make_example(nlp, words, [(1, 2, "PER"), (3, 5, "LOC")])
    plain = make_example(nlp, words, [(4, 5, "LOC")])
    scores = ner.model.predict([odd.predicted])
    assert ner.get_loss([odd], scores)[0] == ner.get_loss([plain], scores)[0]


def test_labels_with_hyphens(nlp: Language) -> None:
    add_ner(nlp)
    text, label = "Ada saw Paris", "B-LOC-I-"
    example = Example.from_dict(nlp.make_doc(text), {"entities": [(8, 13, label)]})
    other = Example(Doc(nlp.vocab, words=["Ada", "saw", "Par", "is"]), example.reference)
    optimizer = nlp.initialize(lambda: [example, other])
    for _ in range(40):
        nlp.update([example, other], sgd=optimizer)
    assert as_tuples(nlp(text)) == [(2, 3, label)]


def test_unknown_label_in_update(nlp: Language) -> None:
    ner = add_random_ner(nlp)
    example = make_example(nlp, ["Ada", "saw", "Paris"], [(2, 3, "CITY")])
    with pytest.raises(
        ValueError, match=r"component 'rnn_ner': got 'CITY', expected .* \(LOC, PER\)"
    ):
        ner.update([example])


def test_more_than_500_labels(nlp: Language) -> None:
    ner = add_ner(nlp, spans_key=KEY)
    examples = make_examples(nlp)
    labels = ["LOC", "PER", *(f"L{i}" for i in range(510))]
    ner.initialize(lambda: examples, labels=labels)
    assert ner.label_data == tuple(labels)
    assert numpy.isfinite(ner.update(examples)["rnn_ner"])
    for doc in nlp.pipe(make_docs(nlp)):
        assert all(0.0 <= score <= 1.0 for score in scores_of(doc))


def test_add_label(nlp: Language) -> None:
    ner = add_ner(nlp)
    assert ner.add_label("EVENT") == 1
    assert ner.add_label("EVENT") == 0
    with pytest.raises(ValueError, match="E187"):
        ner.add_label(1)
    nlp.initialize(lambda: make_examples(nlp))
    assert ner.labels == ("EVENT", "LOC", "PER")
    assert ner.add_label("PER") == 0
    assert ner.add_label("CITY") == 1


def test_no_labels(nlp: Language) -> None:
    ner = add_ner(nlp)
    with pytest.raises(ValueError, match="No entities for component 'rnn_ner': got examples whose"):
        nlp.initialize(lambda: [make_example(nlp, ["Ada"], [])])
    with pytest.warns(UserWarning, match="'rnn_ner' has no labels: it predicts no entities until"):
        optimizer = nlp.initialize()
    doc = nlp("Ada saw Paris")
    assert [token.ent_iob_ for token in doc] == ["O", "O", "O"]
    ner.add_label("PER")
    example = make_example(nlp, ["Ada", "saw", "Paris"], [(0, 1, "PER")])
    optimizer.learn_rate = 0.01
    for _ in range(60):
        nlp.update([example], sgd=optimizer)
    assert as_tuples(nlp("Ada saw Paris")) == [(0, 1, "PER")]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"n_best": 0}, "Invalid n_best: got 0, expected 1 or more"),
        ({"n_best": 2}, "got n_best = 2 and no spans_key, expected the key"),
        ({"min_score": 1.5}, r"Invalid min_score: got 1.5, expected a probability from 0 to 1"),
    ],
)
def test_bad_settings(nlp: Language, config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        add_ner(nlp, **config)


def test_a_foreign_file_is_named(nlp: Language, tmp_path) -> None:
    add_ner(nlp)
    train(nlp, steps=1)
    nlp.to_disk(tmp_path)
    path = tmp_path / "rnn_ner" / "model"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"component 'rnn_ner' from .*model"):
        spacy.load(tmp_path)

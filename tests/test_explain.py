"""Explanations, held against what pipelines predict."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy
import pytest
import spacy
from numpy.testing import assert_allclose
from spacy.tokens import Doc
from spacy.training import Example
from thinc.util import to_numpy

import spacy_rnn
from spacy_rnn.explanation import (
    METHODS,
    Explanation,
    Faithfulness,
    explain_all,
    faithfulness,
    render,
)
from spacy_rnn.explanation.faithfulness import drop
from spacy_rnn.explanation.gradients import TOLERANCE, Line
from spacy_rnn.explanation.occlusion import read, with_tokens
from spacy_rnn.explanation.questions import find_component, find_targets
from spacy_rnn.explanation.targets import Target

WORDS = ["We", "did", "not", "like", "the", "cold", "soup", "in", "Paris", "."]
TEXT = " ".join(WORDS)
SMALL = {"width": 16, "rows": [50, 50, 50, 50], "char_ngram_rows": 50}
TOK2VEC = {"@architectures": "spacy-rnn.Tok2Vec.v1", **SMALL}
STOCK = {
    "@architectures": "spacy.Tok2Vec.v2",
    "embed": {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": 16,
        "attrs": ["NORM"],
        "rows": [50],
        "include_static_vectors": False,
    },
    "encode": {"@architectures": "spacy-rnn.BiLSTMEncoder.v1", "width": 16, "dropout": 0.3},
}
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16}


def textcat(exclusive, tok2vec=TOK2VEC, **options):
    model = {"@architectures": "spacy-rnn.TextCat.v1", "exclusive_classes": exclusive}
    return {**model, "ngram_rows": 0, "tok2vec": tok2vec, **options}


def tagger(tok2vec=TOK2VEC):
    return {"@architectures": "spacy.Tagger.v2", "tok2vec": tok2vec}


CASES = {
    "textcat": ("rnn_textcat", textcat(True)),
    "textcat_windows": ("rnn_textcat", textcat(True, window=3)),
    "textcat_ngrams": ("rnn_textcat", textcat(True, ngram_rows=50, heads=2)),
    "multilabel": ("rnn_textcat_multilabel", textcat(False)),
    "spacy_textcat": ("textcat", textcat(True, STOCK)),
    "thinc_sigmoid": (
        "textcat_multilabel",
        {
            "@architectures": "spacy.TextCatReduce.v1",
            "tok2vec": STOCK,
            "exclusive_classes": False,
            "use_reduce_first": False,
            "use_reduce_last": False,
            "use_reduce_max": True,
            "use_reduce_mean": True,
        },
    ),
    "tagger": ("rnn_tagger", tagger()),
    "spacy_tagger": ("tagger", tagger(STOCK)),
    "crf_tagger": (
        "rnn_tagger",
        {"@architectures": "spacy-rnn.Tagger.v1", "tok2vec": TOK2VEC, "crf": True},
    ),
    "ner": ("rnn_ner", {"@architectures": "spacy-rnn.CRFTagger.v1", "tok2vec": TOK2VEC}),
}


def make_examples(nlp):
    rows = [
        (WORDS, "PVRVDJNIE.", {"bad": 1.0, "good": 0.0, "odd": 0.0}, {8: "U-PLACE"}),
        (["It", "is", "good", "!"], "PVJ.", {"bad": 0.0, "good": 1.0, "odd": 0.0}, {}),
    ]
    return [
        Example.from_dict(
            Doc(nlp.vocab, words=words),
            {
                "words": words,
                "tags": list(tags),
                "cats": cats,
                "entities": [entities.get(i, "O") for i in range(len(words))],
            },
        )
        for words, tags, cats, entities in rows
    ]


def train(nlp, updates=14):
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(updates):
        nlp.update(examples, sgd=optimizer)
    return optimizer


@pytest.fixture
def trained(nlp):
    """RETURNS: A function that adds a component, trains it a little and returns it."""

    def make(name, model, **config):
        pipe = nlp.add_pipe(name, config={"model": model, **config})
        train(nlp)
        return pipe

    return make


@pytest.fixture(params=CASES)
def pipe(request, trained):
    return trained(*CASES[request.param])


def some_span(pipe):
    return None if pipe.name.startswith(("textcat", "rnn_textcat")) else (8, 9)


def some_label(pipe):
    return next(label for label in ("good", "E", "PLACE") if label in pipe.labels)


def the_target(nlp, pipe, text=TEXT):
    doc = read(nlp, pipe.name, nlp.make_doc(text))
    return find_targets(pipe, doc, some_label(pipe), some_span(pipe))[0], doc


def explained(nlp, pipe, text=TEXT, **options):
    return spacy_rnn.explain(nlp, text, some_label(pipe), span=some_span(pipe), **options)


def require_completeness(nlp, pipe):
    found = explained(nlp, pipe, method="integrated_gradients")
    target, doc = the_target(nlp, pipe)
    (baseline, whole), _ = Line(nlp, target, doc)(numpy.array([0.0, 1.0]))
    assert whole == pytest.approx(found.score, abs=1e-5)
    assert sum(found.weights) == pytest.approx(whole - baseline, abs=TOLERANCE)
    assert numpy.abs(found.weights).sum() > 5 * TOLERANCE


def test_integrated_gradients_are_complete(nlp, pipe):
    require_completeness(nlp, pipe)


@pytest.mark.parametrize("case", ["textcat", "multilabel", "ner"])
def test_integrated_gradients_of_calibrated_components(nlp, trained, case):
    pipe = trained(*CASES[case])
    pipe.cfg["temperature"] = 1.7
    require_completeness(nlp, pipe)


def test_gradients_are_those_of_the_probability(nlp, pipe):
    target, doc = the_target(nlp, pipe)
    line, h = Line(nlp, target, doc), 1e-2
    for scale in (0.3, 0.9):
        (below, _, above), slopes = line(numpy.array([scale - h, scale, scale + h]))
        assert slopes[1].sum() == pytest.approx((above - below) / (2 * h), rel=0.05, abs=2e-3)


def test_scores_are_what_the_pipeline_predicts(nlp, trained):
    trained("rnn_textcat", textcat(True)).cfg["temperature"] = 1.5
    for label, probability in nlp(TEXT).cats.items():
        assert spacy_rnn.explain(nlp, TEXT, label).score == pytest.approx(probability)
    assert spacy_rnn.explain(nlp, TEXT).label == max(nlp(TEXT).cats, key=nlp(TEXT).cats.get)


def test_scores_of_entities_are_their_confidences(nlp, trained):
    ruler = nlp.add_pipe("entity_ruler")
    pipe = trained(*CASES["ner"], spans_key="entities")
    train(nlp, updates=25)
    pipe.cfg["temperature"] = 1.5
    ruler.add_patterns([{"label": "PLACE", "pattern": "soup"}])
    doc = nlp(TEXT)
    entities = doc.spans["entities"]
    found = explain_all(nlp, TEXT, component="rnn_ner", methods=["occlusion"])
    assert [(one.span, one.label) for one in found] == [
        ((ent.start, ent.end), ent.label_) for ent in entities
    ]
    assert_allclose([one.score for one in found], entities.attrs["scores"], atol=1e-6)
    assert {one.span for one in found} >= {(6, 7), (8, 9)}


def test_deletion_reads_the_document_without_the_token(nlp, pipe):
    found = explained(nlp, pipe)
    for i in (0, 2, 9):
        doc = Doc(nlp.vocab, words=WORDS[:i] + WORDS[i + 1 :])
        token = 8 - (i < 8)
        if some_span(pipe) is None:
            left = nlp(doc).cats[found.label]
        else:
            span = (token, token + 1)
            left = spacy_rnn.explain(nlp, doc, found.label, span=span).score
        assert found.weights[i] == pytest.approx(found.score - left, abs=1e-5)


@pytest.mark.parametrize("case", ["tagger", "ner"])
def test_deletion_of_all_that_has_the_label(nlp, trained, case):
    found = explained(nlp, trained(*CASES[case]))
    assert found.weights[8] == pytest.approx(found.score)


def test_deletion_of_the_only_token(nlp, trained):
    trained(*CASES["textcat"])
    found = spacy_rnn.explain(nlp, "soup", "bad")
    assert found.weights == [pytest.approx(found.score)]


def test_variants_keep_what_the_tokenizer_says(nlp):
    doc = nlp.make_doc("We don't,\n like it")
    variant = with_tokens(doc, numpy.arange(1, len(doc)))
    assert variant.text == "don't,\n like it"
    assert [token.norm_ for token in variant][:3] == ["do", "not", ","]


def test_attention_is_what_the_model_uses(nlp, trained):
    pipe = trained("rnn_textcat", textcat(True, pools=["attention"]))
    found = spacy_rnn.explain(nlp, TEXT, "bad", method="attention")
    doc = nlp(TEXT)
    assert sum(found.weights) == pytest.approx(1.0)
    assert numpy.ptp(found.weights) > 1e-4
    vector = numpy.array(found.weights) @ to_numpy(pipe.model.get_ref("tok2vec").predict([doc])[0])
    output = pipe.model.get_ref("output_layer")
    scores = output.predict(vector[None].astype("float32"))
    found_again = pipe.model.layers[-1].predict(scores)[0]
    assert_allclose(found_again, [doc.cats[label] for label in pipe.labels], atol=1e-5)


@pytest.mark.parametrize("case", ["textcat_windows", "textcat_ngrams"])
def test_attention_of_windows_and_heads(nlp, trained, case):
    trained(*CASES[case])
    found = spacy_rnn.explain(nlp, TEXT, method="attention")
    assert len(found.weights) == len(WORDS)
    assert sum(found.weights) == pytest.approx(1.0)


@pytest.mark.parametrize("case", ["textcat", "tagger", "ner"])
def test_the_pipeline_is_not_modified(case):
    weights = []
    for is_explained in (False, True):
        spacy.util.fix_random_seed(0)
        nlp = spacy.blank("en")
        pipe = nlp.add_pipe(CASES[case][0], config={"model": CASES[case][1]})
        optimizer = train(nlp, 2)
        if is_explained:
            before = pipe.model.to_bytes()
            options = {"label": some_label(pipe), "span": some_span(pipe)}
            assert explain_all(nlp, TEXT, **options)
            assert pipe.model.to_bytes() == before
        nlp.update(make_examples(nlp), sgd=optimizer)
        with nlp.use_params(optimizer.averages):
            weights.append(nlp.to_bytes(exclude=["vocab", "tokenizer"]))
    assert weights[0] == weights[1]


def test_a_document_is_not_modified(nlp, trained):
    trained(*CASES["tagger"])
    doc = Doc(nlp.vocab, words=WORDS, tags=["X"] * len(WORDS))
    explain_all(nlp, doc, span=(0, 1))
    assert {token.tag_ for token in doc} == {"X"}
    assert not len(doc.tensor)


@pytest.mark.parametrize("case", ["textcat", "tagger", "ner"])
def test_listeners(nlp, case):
    name, model = CASES[case]
    nlp.add_pipe("rnn_tok2vec", config={"model": TOK2VEC})
    pipe = nlp.add_pipe(name, config={"model": {**model, "tok2vec": LISTENER}})
    train(nlp)
    before = nlp.to_bytes()
    require_completeness(nlp, pipe)
    deleted = explained(nlp, pipe)
    words = Doc(nlp.vocab, words=WORDS[1:])
    span = None if some_span(pipe) is None else (7, 8)
    left = spacy_rnn.explain(nlp, words, deleted.label, span=span).score
    assert deleted.weights[0] == pytest.approx(deleted.score - left, abs=1e-5)
    assert nlp.to_bytes() == before
    with (
        nlp.select_pipes(disable="rnn_tok2vec"),
        pytest.raises(ValueError, match="has nothing to listen to.*Enable or add it"),
    ):
        explained(nlp, pipe, method="integrated_gradients")


def test_all_predictions(nlp, trained):
    pipe = trained(*CASES["tagger"])
    found = explain_all(nlp, TEXT, methods=["occlusion"])
    assert [one.label for one in found] == [token.tag_ for token in nlp(TEXT)]
    assert [one.span for one in found] == [(i, i + 1) for i in range(len(WORDS))]
    some = explain_all(nlp, TEXT, found[0].label)
    assert {one.label for one in some} == {found[0].label}
    assert {one.method for one in some} == {"occlusion", "integrated_gradients"}
    assert set(METHODS) == {"occlusion", "integrated_gradients", "attention"}
    assert find_component(nlp) is pipe


def test_components_without_an_embedding(nlp, trained):
    model = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": True,
        "ngram_size": 1,
        "no_output_layer": False,
    }
    trained("textcat", model)
    assert spacy_rnn.explain(nlp, TEXT).method == "occlusion"
    with pytest.raises(ValueError, match='does not tell which layer embeds.*"occlusion"'):
        spacy_rnn.explain(nlp, TEXT, method="integrated_gradients")
    with pytest.raises(ValueError, match="No attention in component 'textcat'"):
        spacy_rnn.explain(nlp, TEXT, method="attention")


@pytest.mark.parametrize(
    ("case", "options", "message"),
    [
        ("textcat", {"component": "nope"}, "got 'nope'.*expected one of rnn_textcat"),
        ("textcat", {"label": "nope"}, "Unknown label .*'nope', expected one of its 3 labels"),
        ("textcat", {"method": "nope"}, "Unknown method: got 'nope', expected one of occlusion"),
        ("textcat", {"span": (0, 1)}, "labels whole documents: got the span"),
        ("textcat", {"text": ""}, "got a text without tokens, expected at least one word"),
        ("tagger", {"method": "attention", "span": (0, 1)}, 'No attention.*"occlusion"'),
        ("tagger", {}, r"got 10 predictions \(.* at \(0, 1\), .*, …\), expected one"),
        ("tagger", {"span": (0, 2)}, "expected one token, such as"),
        ("tagger", {"label": "nope"}, "Unknown label"),
        ("ner", {"span": (3, 3)}, r"Invalid span: got \(3, 3\) in a document of 10 tokens"),
        ("ner", {"span": (0, 1)}, r"got 0 predictions \(none\), expected one.*Choose span="),
        ("ner", {"span": (9, 11), "label": "PLACE"}, "within the document"),
    ],
)
def test_errors(nlp, trained, case, options, message):
    trained(*CASES[case])
    with pytest.raises(ValueError, match=message):
        spacy_rnn.explain(nlp, **{"text": TEXT, **options})


def test_error_without_components(nlp):
    with pytest.raises(ValueError, match="got no name.*expected a text categorizer, tagger"):
        spacy_rnn.explain(nlp, TEXT)


class Words(HTMLParser):
    """Reads the text of a page and the attributes of its marks."""

    def __init__(self, page):
        super().__init__()
        self.text, self.marks = "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "mark":
            self.marks.append(dict(attrs))

    def handle_data(self, data):
        self.text += data


def make_explanation(**fields):
    known = {
        "tokens": ["<b>", "&", "soup"],
        "spaces": [True, False, False],
        "weights": [0.5, -0.25, 0.001],
        "label": "x<y",
        "span": None,
        "score": 0.876,
        "method": "occlusion",
        "component": "rnn_textcat",
    }
    return Explanation(**{**known, **fields})


def test_html():
    words = Words(make_explanation().to_html())
    assert "<b> &soup" in words.text
    assert "x<y 0.88" in words.text
    *_, first, second = words.marks
    assert first["title"] == "+0.5000"
    assert "solid" in first["style"]
    assert "dashed" in second["style"]
    assert words.text.count("soup") == 1
    assert "<strong>soup</strong>" in make_explanation(span=(2, 3)).to_html()
    assert "nan" not in make_explanation(weights=[0.0, 0.0, 0.0]).to_html()


def test_runners_up_and_gold(nlp, trained):
    trained(*CASES["textcat"])
    doc = Doc(nlp.vocab, words=WORDS)
    doc.cats = {"bad": 1.0, "good": 0.0, "odd": 0.0}
    found = spacy_rnn.explain(nlp, doc, "odd", gold=True)
    cats = nlp(Doc(nlp.vocab, words=WORDS)).cats
    others = sorted(((n, s) for n, s in cats.items() if n != "odd"), key=lambda item: -item[1])
    assert [name for name, _ in found.others] == [name for name, _ in others]
    assert_allclose([s for _, s in found.others], [s for _, s in others], atol=1e-6)
    assert found.gold == "bad"
    assert spacy_rnn.explain(nlp, doc).gold is None


@pytest.mark.parametrize("case", ["tagger", "crf_tagger", "ner"])
def test_runners_up_and_gold_of_tokens(nlp, trained, case):
    pipe = trained(*CASES[case])
    tags, entities = ["X"] * len(WORDS), ["O"] * len(WORDS)
    tags[8], entities[7:9] = "Y", ["B-THING", "I-THING"]
    doc = Doc(nlp.vocab, words=WORDS, tags=tags, ents=entities)
    found = spacy_rnn.explain(nlp, doc, some_label(pipe), span=(8, 9), gold=True)
    scores = [score for _, score in found.others]
    assert scores == sorted(scores, reverse=True)
    for label, score in found.others:
        other = spacy_rnn.explain(nlp, Doc(nlp.vocab, words=WORDS), label, span=(8, 9))
        assert other.score == pytest.approx(score, abs=1e-6)
    assert found.gold == (f"THING of {WORDS[7]} {WORDS[8]}" if case == "ner" else "Y")


def test_heat_maps_of_a_page_have_one_scale_and_attention_its_own():
    whole = make_explanation(weights=[0.0, 0.8, 0.0])
    half = make_explanation(weights=[0.4, 0.0, 0.0], label="other")
    seen = make_explanation(weights=[0.0, 0.0, 0.2], method="attention")
    *_, first, second, third = Words(render([whole, half, seen])).marks
    assert "0.55)" in first["style"]
    assert "0.28)" in second["style"]
    assert "0.55)" in third["style"]
    assert "dotted" in third["style"]
    text = Words(render([whole, half, seen])).text
    assert "the strongest colour is a weight of 0.80" in text
    assert "the strongest is a weight of 0.20" in text
    shown = Words(make_explanation(others=[("y", 0.1)], gold="y&z").to_html()).text
    assert "x<y 0.88, y 0.10" in shown
    assert "annotated: y&z" in shown
    assert make_explanation()._repr_html_() == make_explanation().to_html()


def test_a_page_tells_which_method_to_trust():
    trust = [
        Faithfulness("occlusion", 0.3, 0.1, 7),
        Faithfulness("attention", 0.1, 0.1, 7),
        Faithfulness("random", 0.2, 0.1, 7),
    ]
    text = Words(render([make_explanation()], page=True, title="Mine & yours", trust=trust)).text
    assert "Mine & yours" in text
    assert "Trust occlusion most." in text
    assert "occlusion 0.30, attention 0.10; without random ones by 0.20 (means of 7" in text
    assert "No method is better" in render([make_explanation()], trust=[trust[1], trust[2]])


def test_html_page():
    several = [
        make_explanation(),
        make_explanation(method="attention"),
        make_explanation(score=0.1),
    ]
    page = render(several, page=True)
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("<figure") == 2
    assert page.count("&lt;b&gt;") == 3
    assert "http" not in page
    assert "<script" not in page


def test_json():
    data = json.loads(json.dumps(make_explanation(span=(0, 1)).to_json()))
    assert data["weights"] == [0.5, -0.25, 0.001]
    assert Explanation(**{**data, "span": tuple(data["span"])}) == make_explanation(span=(0, 1))


class HasGood(Target):
    """Certain where the word "good" is left."""

    predicted = differentiate = None

    def probabilities(self, docs, spans):
        return numpy.array([float("good" in {token.text for token in doc}) for doc in docs])


HasGood.__abstractmethods__ = frozenset()


def test_faithfulness_of_known_weights(nlp):
    target = HasGood(SimpleNamespace(name="good", labels=("good",)), "good")
    doc = Doc(nlp.vocab, words=["it", "is", "so", "good", "that", "it", "is", "odd"])
    right = numpy.array([0, 0, 0, 1, 0, 0, 0, 0])
    assert drop(nlp, target, doc, right) == (1.0, 0.0)
    assert drop(nlp, target, doc, -right) == (0.0, 1.0)
    target.span = (3, 4)
    assert drop(nlp, target, doc, right) == (0.0, 0.0)


def test_faithfulness(nlp, trained):
    trained(*CASES["textcat"])
    docs = [nlp.make_doc(text) for text in (TEXT, "", "soup in Paris")]
    found = faithfulness(nlp, docs)
    assert [one.method for one in found] == [*METHODS, "random"]
    assert {one.predictions for one in found} == {2}
    assert all(-1.0 <= one.comprehensiveness <= 1.0 for one in found)
    with pytest.raises(ValueError, match="Nothing to measure for component 'rnn_textcat'"):
        faithfulness(nlp, [nlp.make_doc("")])


def test_the_package_stays_light():
    code = "import sys, spacy_rnn; assert not {'spacy', 'torch', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="has no attribute 'explanations'"):
        spacy_rnn.explanations  # noqa: B018

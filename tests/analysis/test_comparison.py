"""Comparisons: statistics against known implementations, what is trained, and what follows."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from threading import Thread
from time import sleep

import numpy
import pytest
import scipy.stats
import sklearn.metrics
import spacy
import srsly
from spacy.tokens import Doc, DocBin
from thinc.api import Config

from spacy_rnn import analysis
from spacy_rnn.analysis.comparison.advice import advice
from spacy_rnn.analysis.comparison.baselines import TfIdf
from spacy_rnn.analysis.comparison.comparison import plan
from spacy_rnn.analysis.comparison.data import KINDS, TrainingData, find_kind
from spacy_rnn.analysis.comparison.results import SystemResult
from spacy_rnn.analysis.comparison.runs import Runner
from spacy_rnn.analysis.comparison.statistics import Difference, difference, resampled_scores
from spacy_rnn.analysis.comparison.summary import other_tokens
from spacy_rnn.analysis.comparison.systems import system_config, systems
from spacy_rnn.analysis.decisions import Decisions
from spacy_rnn.analysis.scores import Bootstrap
from spacy_rnn.recipes import make_config
from spacy_rnn.recipes.choice import UnlearnableError

SAMPLE = Path(__file__).parents[2] / "assets/sample"


def decide_pair(decide, share, n_docs=800):
    """RETURNS: Decisions, and those of a system that has some of them wrong, others right."""
    one = decide(n_docs, 5)
    random = numpy.random.default_rng(0)
    other = one.predicted.copy()
    change = random.random(n_docs) < share
    other[change] = random.integers(0, 5, n_docs)[change]
    return one, replace(one, predicted=other)


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_a_difference_agrees_with_scipy(decide, share):
    one, other = decide_pair(decide, share)
    bootstrap = Bootstrap(one.n_docs, 5000)
    value = one.right.mean() - other.right.mean()
    found = difference(
        value, *(resampled_scores([each], bootstrap, i) for i, each in enumerate((one, other)))
    )
    right = [each.right.astype(float) for each in (one, other)]
    expected = scipy.stats.bootstrap(
        right,
        lambda a, b, axis: a.mean(axis) - b.mean(axis),
        paired=True,
        n_resamples=5000,
        method="percentile",
        rng=numpy.random.default_rng(1),
    )
    assert found.low == pytest.approx(expected.confidence_interval.low, abs=0.003)
    assert found.high == pytest.approx(expected.confidence_interval.high, abs=0.003)
    # The p-value of a permutation of the same pairs, and of McNemar's exact test.
    permuted = scipy.stats.permutation_test(
        right,
        lambda a, b, axis: a.mean(axis) - b.mean(axis),
        permutation_type="samples",
        n_resamples=5000,
        rng=numpy.random.default_rng(1),
    )
    wins, losses = int((right[0] > right[1]).sum()), int((right[0] < right[1]).sum())
    exact = scipy.stats.binomtest(wins, wins + losses).pvalue
    assert found.p == pytest.approx(permuted.pvalue, abs=0.08)
    assert found.p == pytest.approx(exact, abs=0.1)
    assert found.is_clear == (found.p < 0.05)


def test_a_system_does_not_differ_from_itself(decide):
    one = decide(100, 4)
    bootstrap = Bootstrap(one.n_docs, 500)
    scores = resampled_scores([one], bootstrap, 0)
    found = difference(0.0, scores, scores)
    assert (found.low, found.high, found.p, found.is_clear) == (0.0, 0.0, 1.0, False)


def test_spread_over_trainings_widens_the_interval(decide):
    one, other = decide_pair(decide, 0.3)
    bootstrap = Bootstrap(one.n_docs, 1000)
    alone = resampled_scores([one, one], bootstrap, 0)
    spread = resampled_scores([one, other], bootstrap, 0)
    assert spread.std() > 1.5 * alone.std()


def test_decisions_are_stored(decide, tmp_path):
    one = decide(50, 4)
    one.to_disk(tmp_path / "decisions.npz")
    found = Decisions.from_disk(tmp_path / "decisions.npz")
    assert found.labels == one.labels
    assert found.n_docs == 50
    numpy.testing.assert_array_equal(found.right, one.right)


def system(name, score, words_per_second=1000.0, weights=1000):
    rates = words_per_second, 0.95 * words_per_second, 1.05 * words_per_second
    return SystemResult(name, [0], [score], score, 0, 1, None, weights, 1, 1.0, *rates, None, None)


def pairs(found, clear):
    """RETURNS: Differences of which those of the pairs named are clear."""

    def make(one, other):
        value = one.score - other.score
        width = 0.001 if {one.name, other.name} in clear else 1.0
        return Difference(value, value - width, value + width, 0.5)

    return {a.name: {b.name: make(a, b) for b in found if a is not b} for a in found}


def test_advice_names_no_winner_where_there_is_none():
    lstm, gru, bow = system("lstm", 0.9), system("gru", 0.89, 1200.0, 900), system("bow", 0.5, 9e9)
    found = [lstm, gru, bow]
    clear = [{"lstm", "bow"}, {"gru", "bow"}]
    assert advice(found, pairs(found, clear)) == (
        "No difference between lstm and gru at 95 %; gru is 1.2x as fast as lstm: take it."
    )
    found[1] = replace(gru, words_per_second=1010.0, slowest=950.0)
    assert advice(found, pairs(found, clear)) == (
        "No difference between lstm and gru at 95 %, nor is one clearly the fastest; gru is the "
        "smallest: take it."
    )
    assert advice(found, pairs(found, [*clear, {"lstm", "gru"}])).startswith(
        "lstm is better than all others at 95 %, than gru by 1.0 points (0.9 to 1.1): take it."
    )
    assert advice([lstm], {}) == "Only lstm was trained: there is nothing to compare it with."


@pytest.mark.parametrize("kind", KINDS)
def test_all_systems_have_a_config_with_the_same_budget(kind):
    budgets = set()
    for name in systems(kind):
        text = system_config(name, kind, kind, "en", 30, {"training.dropout": 0.25})
        if text is None:
            continue
        config = Config().from_str(text)
        training = config["training"]
        assert training["dropout"] == 0.25
        assert training["max_steps"] % training["eval_frequency"] == 0
        budgets.add((training["max_steps"], training["eval_frequency"], str(training["batcher"])))
        assert len(config["nlp"]["pipeline"]) == 1
        spacy.util.load_model_from_config(config)
    assert len(budgets) == 1


@pytest.mark.parametrize("kind", ["textcat", "tagger", "ner"])
def test_all_systems_see_the_same_tokens(kind):
    text = "我喜欢这个城市。"
    tokens = [token.text for token in spacy.blank("zh")(text)]
    assert len(tokens) == 8
    configs = (system_config(name, kind, kind, "zh", 30, {}) for name in systems(kind))
    for config in filter(None, configs):
        nlp = spacy.util.load_model_from_config(Config().from_str(config))
        assert [token.text for token in nlp.make_doc(text)] == tokens


def test_the_linear_model_has_the_words_of_a_language_without_spaces():
    nlp, docs = spacy.blank("zh"), []
    for text, label in (("我喜欢这里", "good"), ("我不喜欢", "bad"), ("这里好", "good")) * 4:
        docs.append(nlp(text))
        docs[-1].cats = {each: float(each == label) for each in ("good", "bad")}
    words = TfIdf("textcat", docs, docs).vectorizer.transformer_list[0][1].vocabulary_
    assert {"不", "喜", "不 喜"} <= words.keys()
    english = [Doc(docs[0].vocab, words=["a", "good", "city"]) for _ in range(2)]
    for doc, label in zip(english, ("x", "y"), strict=True):
        doc.cats = {each: float(each == label) for each in ("x", "y")}
    words = TfIdf("textcat", english, english).vectorizer.transformer_list[0][1].vocabulary_
    assert words.keys() == {"good", "city", "good city"}


def test_pipelines_that_split_texts_in_another_way_are_told():
    nlps = {"gru": spacy.blank("zh"), "bow": spacy.blank("zh"), "mine": spacy.blank("en")}
    (note,) = other_tokens(nlps, ["我喜欢", "a"])
    assert note.startswith("mine and gru do not split texts into the same tokens")
    assert other_tokens(nlps, ["a"]) == other_tokens({}, ["a"]) == []


@pytest.fixture
def data(tmp_path):
    """RETURNS (Path): Splits of the sample, small."""
    folder = tmp_path / "data"
    folder.mkdir()
    vocab = spacy.blank("en").vocab
    for split in ("train", "dev", "test"):
        docs = []
        for row in list(srsly.read_jsonl(SAMPLE / f"{split}.jsonl"))[:80]:
            doc = Doc(vocab, words=row["tokens"])
            labels = ("positive", "negative", "neutral")
            doc.cats = {label: float(label == row["label"]) for label in labels}
            docs.append(doc)
        DocBin(docs=docs).to_disk(folder / f"{split}.spacy")
    return folder


def test_ours_follow_the_recipe_that_suits_the_data(data, nlp):
    train = TrainingData.of(data / "train.spacy", "textcat")
    assert train.docs == sum(train.labels.values()) == 80
    assert train.suitable_recipe("textcat").recipe == "textcat_sentences"
    assert train.suitable_recipe("textcat_multilabel").recipe == "textcat_multilabel"
    docs = [Doc(nlp.vocab, words=["a"] * 120) for _ in range(40)]
    for i, doc in enumerate(docs):
        doc.cats = {str(label): float(label == i) for label in range(40)}
    DocBin(docs=docs).to_disk(data / "long.spacy")
    choice = TrainingData.of(data / "long.spacy", "textcat").suitable_recipe("textcat")
    assert choice == (
        "textcat_topics",
        "documents of 120 tokens on average and 40 labels: long documents with many labels",
    )
    DocBin(docs=docs[:5]).to_disk(data / "few.spacy")
    (data / "few.spacy").replace(data / "train.spacy")
    with pytest.raises(UnlearnableError, match="Too little to learn from: got 5 documents"):
        analysis.compare(data, data / "out")


def test_a_config_for_another_task_is_refused(tmp_path):
    config = tmp_path / "tags.cfg"
    config.write_text(make_config(["tagger"]), encoding="utf8")
    with pytest.raises(
        analysis.AnalysisError, match=r"tags.cfg can't be .*rnn_tagger, expected one for textcat"
    ):
        system_config(str(config), "textcat", "textcat", "en", None, {})


@pytest.mark.slow
def test_systems_are_trained_once_and_compared(data, tmp_path):
    def run(names, **settings):
        told = []
        settings = {"steps": 4, "overrides": SMALL, "say": told.append, **settings}
        return analysis.compare(data, tmp_path / "out", names=names, **settings), told

    found, told = run(["majority", "gru"], seeds=[0])
    assert told.pop(0).startswith("Recipe textcat_sentences: documents of 23 tokens on average")
    assert told[0].startswith("0 of 2 trainings are finished, their progress is in")
    assert "2 of 2 done, about 0 s left" in told[2]
    assert {each.name for each in found.systems} == {"majority", "gru"}
    gru = next(each for each in found.systems if each.name == "gru")
    nlp = spacy.load(tmp_path / "out/gru-seed0/model-best")
    examples = list(spacy.training.Corpus(data / "test.spacy")(nlp))
    expected = nlp.evaluate(examples)["cats_micro_f"]
    assert gru.values == [pytest.approx(expected, abs=1e-12)]
    assert gru.bytes > 4 * gru.weights
    assert 'cell = "gru"' in gru.config
    assert found.notes[0].startswith("Each system was trained once")
    # Another system: only that is trained.
    found, (_, *told) = run(["majority", "gru", "tfidf"], seeds=[0])
    assert told[0].startswith("2 of 3 trainings are finished, their progress is in")
    assert [text for text in told[1:] if "seed" in text] == [told[1]]
    assert told[1].startswith("tfidf, seed 0")
    # Another setting: what has a config is trained anew.
    _, (_, *told) = run(["majority", "gru"], seeds=[0], steps=5)
    assert told[0].startswith("1 of 2 trainings are finished, their progress is in")
    html = found.to_html()
    assert len(html) < 1_000_000
    assert found.advice in html


@pytest.mark.slow
def test_the_score_that_decides_is_chosen_without_another_training(data, tmp_path):
    names, said = ["tfidf", "majority"], []
    analysis.compare(data, tmp_path / "out", names=names, seeds=[0])
    found = analysis.compare(
        data, tmp_path / "out", names=names, seeds=[0], score="cats_macro_f", say=said.append
    )
    assert said[1:] == ["2 of 2 trainings are finished"]
    assert found.metric == "macro F"
    majority = next(each for each in found.systems if each.name == "majority")
    golds = [row["label"] for row in list(srsly.read_jsonl(SAMPLE / "test.jsonl"))[:80]]
    rows = list(srsly.read_jsonl(SAMPLE / "train.jsonl"))[:80]
    most = Counter(row["label"] for row in rows).most_common(1)[0][0]
    expected = sklearn.metrics.f1_score(golds, [most] * len(golds), average="macro")
    assert majority.score == pytest.approx(expected)
    assert majority.low <= majority.score <= majority.high
    with pytest.raises(analysis.AnalysisError, match="got 'tag_acc', expected one of cats_micro_f"):
        analysis.compare(data, tmp_path / "out", names=names, score="tag_acc")


def test_a_training_that_was_stopped_goes_on(data, tmp_path):
    config = system_config("gru", "textcat", "textcat", "en", 200, SMALL)
    paths = {split: data / f"{split}.spacy" for split in ("train", "dev", "test")}
    runs = plan({"gru": config}, paths, tmp_path / "out", "textcat", [0], "en", False)
    runner, found = Runner(1, print), []
    thread = Thread(target=lambda: found.append(runner.run_all(runs)))
    thread.start()
    while thread.is_alive() and not (runs[0].folder / "log.jsonl").exists():
        sleep(0.05)
    for worker in [*runner.workers]:
        worker.terminate()
    thread.join()
    assert "Interrupted" in found[0]["gru, seed 0"]
    assert Runner(1, print).run_all(runs) == {}
    assert "Resuming after step" in (runs[0].folder / "log.txt").read_text()
    assert not (runs[0].folder / "checkpoints").exists()
    assert runs[0].result["training_seconds"] > 0


SMALL = {
    "components.rnn_textcat.model.tok2vec.width": 8,
    "components.rnn_textcat.model.tok2vec.char_ngram_rows": 0,
}


@pytest.mark.slow
def test_what_fails_is_told_and_the_rest_goes_on(data, tmp_path):
    config = system_config("bow", "textcat", "textcat", "en", 4, {})
    broken = tmp_path / "broken.cfg"
    broken.write_text(config.replace("vectors = ${paths.vectors}", 'vectors = "nowhere"'))
    found = analysis.compare(data, tmp_path / "out", names=["majority", str(broken)], seeds=[0])
    assert [each.name for each in found.systems] == ["majority"]
    assert list(found.failed) == ["broken, seed 0"]
    assert "log.txt" in found.failed["broken, seed 0"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('train_corpus = "corpora.train"', 'train_corpus = "x.y"'),
        ("path = ${paths.dev}", 'path = "nowhere.spacy"'),
        ("max_length = 0", "max_length = 1"),  # no document is as short
    ],
)
def test_a_system_without_data_is_refused_before_others_are_trained(data, tmp_path, old, new):
    text = system_config("bow", "textcat", "textcat", "en", 4, {})
    assert old in text
    (tmp_path / "mine.cfg").write_text(text.replace(old, new))
    with pytest.raises(
        analysis.AnalysisError, match=r"mine.cfg: got no documents from its (train|dev)_corpus"
    ):
        analysis.compare(data, tmp_path / "out", names=["majority", str(tmp_path / "mine.cfg")])
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_all_are_tested_on_the_same_sentences(tmp_path, nlp):
    words, tags = ["They", "read", ".", "We", "cut", "."], ["P", "V", ".", "P", "V", "."]
    starts = [i % 3 == 0 for i in range(6)]
    docs = [Doc(nlp.vocab, words=words, tags=tags, sent_starts=starts) for _ in range(20)]
    for split in ("train", "dev", "test"):
        DocBin(docs=docs).to_disk(tmp_path / f"{split}.spacy")
    config = system_config("cnn", "tagger", "tagger", "en", 2, {})
    assert config.count("gold_preproc = true") == 2
    (tmp_path / "mine.cfg").write_text(
        config.replace("gold_preproc = true", "gold_preproc = false")
    )
    names = ["majority", str(tmp_path / "mine.cfg")]
    found = analysis.compare(tmp_path, tmp_path / "out", names=names, seeds=[0])
    assert found.n_docs == 40
    for name in ("majority", "mine"):
        decisions = Decisions.from_disk(tmp_path / f"out/{name}-seed0/decisions.npz")
        assert decisions.n_docs == 40


def test_what_cannot_be_compared(data, tmp_path):
    with pytest.raises(analysis.AnalysisError, match="Unknown system: got 'lstn', expected one of"):
        analysis.compare(data, tmp_path, names=["lstn"])
    with pytest.raises(analysis.AnalysisError, match="Unknown setting: got training.dropuot"):
        analysis.compare(data, tmp_path, names=["gru"], overrides={"training.dropuot": 0.1})
    with pytest.raises(analysis.AnalysisError, match="got none for the train split, expected one"):
        analysis.compare(tmp_path / "none", tmp_path)
    (data / "en-dev.spacy").touch()
    with pytest.raises(analysis.AnalysisError, match="got dev.spacy, en-dev.spacy for the dev"):
        analysis.compare(data, tmp_path)
    doc = Doc(spacy.blank("en").vocab, words=["a"])
    DocBin(docs=[doc]).to_disk(tmp_path / "bare.spacy")
    with pytest.raises(analysis.AnalysisError, match="1 texts with annotation for no task"):
        find_kind(tmp_path / "bare.spacy")
    doc = Doc(doc.vocab, words=["a"], tags=["X"], ents=["B-Y"])
    DocBin(docs=[doc]).to_disk(tmp_path / "both.spacy")
    with pytest.raises(analysis.AnalysisError, match=r"ner and tagger. Give the task \(--task\)"):
        find_kind(tmp_path / "both.spacy")

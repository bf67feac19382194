import re

import pytest
import spacy
from spacy.tokens import DocBin, Span
from spacy.training import Corpus

from spacy_rnn.cli._util import CommandError, load_examples
from spacy_rnn.cli.calibrate import calibrate
from spacy_rnn.errors import UserError
from spacy_rnn.pipeline.calibration import expected_calibration_error

LISTENER = {
    "@architectures": "spacy.Tok2VecListener.v1",
    "width": 32,
    "upstream": "rnn_tok2vec",
}


@pytest.fixture
def model(nlp, make_examples, tmp_path):
    """A pipeline with two components, each with a share of wrong answers in the data."""
    nlp.add_pipe("rnn_tok2vec", config={"model": {"width": 32}})
    nlp.add_pipe("rnn_textcat_multilabel", config={"model": {"tok2vec": LISTENER}})
    nlp.add_pipe("rnn_ner", config={"model": {"tok2vec": LISTENER}})
    examples = make_examples(nlp)
    for example in examples:
        example.reference.set_ents([Span(example.reference, 0, 1, "FIRST")])
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(20):
        nlp.update(examples, sgd=optimizer)
    nlp.to_disk(tmp_path / "model")
    for example in examples[:2]:
        example.reference.cats = {label: 1.0 - v for label, v in example.reference.cats.items()}
        example.reference.set_ents([Span(example.reference, 1, 2, "FIRST")])
    docs = [example.reference for example in examples]
    DocBin(docs=docs).to_disk(tmp_path / "few.spacy")
    DocBin(docs=docs * 30).to_disk(tmp_path / "dev.spacy")
    return tmp_path / "model"


def error_of(model, name, tmp_path):
    """RETURNS (float): The expected calibration error of a component as it is saved."""
    nlp = spacy.load(model)
    examples = load_examples(nlp, tmp_path / "dev.spacy", gold_preproc=False)
    return expected_calibration_error(*nlp.get_pipe(name).confidences(examples))


def test_all_components_are_calibrated(model, tmp_path):
    results = calibrate(model, tmp_path / "dev.spacy", tmp_path / "new" / "model")
    assert [result.name for result in results] == ["rnn_textcat_multilabel", "rnn_ner"]
    nlp = spacy.load(tmp_path / "new" / "model")
    for result in results:
        cfg = nlp.get_pipe(result.name).cfg
        assert error_of(model, result.name, tmp_path) == pytest.approx(result.before)
        assert error_of(tmp_path / "new" / "model", result.name, tmp_path) == pytest.approx(
            result.after
        )
        kept = result.fits["temperature"].kept
        assert cfg["temperature"] == result.temperature == kept.get("temperature", 1.0)
        assert result.thresholds == pytest.approx(cfg.get("thresholds", {}))
    assert results[1].temperature != 1.0
    examples = list(Corpus(tmp_path / "dev.spacy")(nlp))
    better = nlp.evaluate(examples)["cats_micro_f"]
    assert better >= spacy.load(model).evaluate(examples)["cats_micro_f"]


def test_cli(model, tmp_path, spacy_cli):
    args = "rnn", "calibrate", model, tmp_path / "dev.spacy", tmp_path / "new"
    code, printed = spacy_cli(*args)
    assert code == 0
    assert "ECE before after" in printed
    assert "fitted gain 90 % interval" in printed
    assert re.search(r"rnn_ner temperature [\d.]+ \+[\d.]+ nats \+[\d.]+ to \+[\d.]+ kept", printed)
    assert "rnn_textcat_multilabel 0." in printed
    assert "rnn_ner 0." in printed
    assert "Saved the pipeline to" in printed
    code, printed = spacy_cli(*args)
    assert code == 1
    assert "it is already there, expected a new directory" in printed


def test_what_the_data_cannot_tell_is_said(model, tmp_path, spacy_cli):
    code, printed = spacy_cli("rnn", "calibrate", model, tmp_path / "few.spacy", tmp_path / "new")
    assert code == 0
    assert re.search(r"rnn_ner temperature [\d.]+ .* left as it was: the data cannot tell", printed)
    cfg = spacy.load(tmp_path / "new").get_pipe("rnn_ner").cfg
    assert (cfg["temperature"], cfg["thresholds"]) == (1.0, {})


def test_a_component_without_annotation_stays(model, nlp, tmp_path, spacy_cli):
    docs = []
    for doc in DocBin().from_disk(tmp_path / "dev.spacy").get_docs(nlp.vocab):
        doc.cats = {}
        docs.append(doc)
    DocBin(docs=docs).to_disk(tmp_path / "ner.spacy")
    code, printed = spacy_cli("rnn", "calibrate", model, tmp_path / "ner.spacy", tmp_path / "new")
    assert code == 0
    assert "Can't compare component 'rnn_textcat_multilabel' with the truth" in printed
    assert spacy.load(tmp_path / "new").get_pipe("rnn_textcat_multilabel").cfg["temperature"] == 1.0


def test_errors(model, nlp, tmp_path):
    data, new = tmp_path / "dev.spacy", tmp_path / "new"
    spacy.blank("en").to_disk(tmp_path / "blank")
    DocBin(docs=[nlp.make_doc("x")]).to_disk(tmp_path / "bare.spacy")
    for args, message in [
        (
            (model, tmp_path / "no.spacy", new),
            "Can't read .*no.spacy: it does not exist, expected a .spacy",
        ),
        (
            (tmp_path / "blank", data, new),
            "Nothing to calibrate in .*blank: .*expected rnn_textcat",
        ),
        ((model, tmp_path / "bare.spacy", new), "Nothing was calibrated: expected gold-standard"),
    ]:
        with pytest.raises(CommandError, match=message):
            calibrate(*args)
    with pytest.raises(UserError, match=r"^Can't load the pipeline .*no: .*E052"):
        calibrate(tmp_path / "no", data, new)
    assert not new.exists()


def test_force_replaces_pipelines_only_and_follows_links(model, tmp_path, spacy_cli):
    command = "rnn", "calibrate", model, tmp_path / "dev.spacy"
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "cat.jpg").touch()
    code, printed = spacy_cli(*command, photos, "--force")
    assert code == 1
    assert "expected a pipeline and nothing else" in printed
    assert (photos / "cat.jpg").exists()
    spacy.blank("en").to_disk(tmp_path / "v1")
    (tmp_path / "latest").symlink_to("v1", target_is_directory=True)
    for _ in range(2):
        code, printed = spacy_cli(*command, tmp_path / "latest", "--force")
        assert code == 0, printed
    assert (tmp_path / "latest").is_symlink()
    assert spacy.load(tmp_path / "v1").pipe_names == spacy.load(model).pipe_names
    assert not list(tmp_path.glob("*.part*"))

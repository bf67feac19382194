"""The life of a pipeline of each shipped config: looked at, trained, trained on, given labels,
calibrated, saved, sourced, packaged.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin, Span
from spacy.training import Example

from spacy_rnn.cli._util import CommandError
from spacy_rnn.cli.calibrate import calibrate

Run = Callable[..., tuple[int, str]]
MakeExamples = Callable[[Language], list[Example]]

FOLDER = Path(__file__).parents[2] / "configs"
QUICK = ("joint", "ner_efficiency", "textcat_multilabel")
CONFIGS = [
    pytest.param(path, id=path.stem, marks=[] if path.stem in QUICK else pytest.mark.slow)
    for path in sorted(FOLDER.glob("*.cfg"))
]
RATE = "training.optimizer.learn_rate"
SHORT = [f"--{RATE}.total_steps=4", f"--{RATE}.warmup_steps=1", "--training.eval_frequency=2"]
GROWING = ("rnn_ner", "rnn_tagger", "rnn_textcat", "rnn_textcat_multilabel")


def with_new_label(nlp: Language, examples: MakeExamples) -> list[Example]:
    """The examples, in which the first token and the first document have a new label."""
    found = examples(nlp)
    for i, example in enumerate(found):
        doc = example.reference
        doc[0].tag_ = "NEW"
        doc.set_ents([Span(doc, 0, 1, "NEW"), *(ent for ent in doc.ents if ent.start)])
        doc.cats = {**({"BAD": 0.0, "GOOD": 0.0} if not i else doc.cats), "NEW": float(not i)}
    return found


def paths(train: Path, dev: Path) -> list[str]:
    return ["--paths.train", str(train), "--paths.dev", str(dev)]


@pytest.mark.filterwarnings("ignore:.*was calibrated, and it has been trained")
@pytest.mark.parametrize("config", CONFIGS)
def test_from_config_to_calibrated_pipeline(
    config: Path, corpus: Path, examples: MakeExamples, spacy_cli: Run, tmp_path: Path
) -> None:
    data = paths(corpus, corpus)
    code, output = spacy_cli("train", config, "-o", tmp_path / "run", *data, *SHORT)
    assert code == 0, output

    nlp = spacy.load(tmp_path / "run" / "model-last")
    growing = [name for name in nlp.pipe_names if nlp.get_pipe_meta(name).factory in GROWING]
    optimizer = nlp.resume_training()
    nlp.update(examples(nlp), sgd=optimizer)
    for name in growing:
        assert nlp.get_pipe(name).add_label("NEW") == 1
    losses = nlp.update(with_new_label(nlp, examples), sgd=optimizer)
    assert losses
    assert all(numpy.isfinite(loss) for loss in losses.values())
    nlp.to_disk(tmp_path / "grown")

    golds = [example.reference for example in with_new_label(nlp, examples)]
    DocBin(docs=golds * 5).to_disk(tmp_path / "new.spacy")
    last = tmp_path / "grown"
    if any(hasattr(nlp.get_pipe(name), "calibrate") for name in growing):
        # After so few steps, an entity recognizer may predict nothing to calibrate by.
        with contextlib.suppress(CommandError):
            calibrate(last, tmp_path / "new.spacy", tmp_path / "calibrated")
            last = tmp_path / "calibrated"
    loaded = spacy.load(last)
    assert all("NEW" in loaded.get_pipe(name).labels for name in growing)
    for doc in loaded.pipe([example.predicted for example in examples(loaded)]):
        assert doc.text


@pytest.mark.parametrize("config", CONFIGS)
def test_spacys_look_at_a_config(config: Path, corpus: Path, spacy_cli: Run) -> None:
    data = paths(corpus, corpus)
    code, output = spacy_cli("debug", "config", config, *data)
    assert code == 0, output
    _, output = spacy_cli("debug", "data", config, *data)
    assert "Training pipeline" in output
    assert "Error" not in output
    for name in spacy.util.load_config(config)["nlp"]["pipeline"]:
        code, output = spacy_cli("debug", "model", config, name, "-P0", "-P1", "-P2", "-P3", *data)
        assert code == 0, output
        assert "model looks good" in output


@pytest.mark.parametrize("name", ["ner_efficiency", pytest.param("tagger", marks=pytest.mark.slow)])
def test_a_sourced_component_learns_new_labels(
    name: str, corpus: Path, examples: MakeExamples, spacy_cli: Run, tmp_path: Path
) -> None:
    config = FOLDER / f"{name}.cfg"
    data = paths(corpus, corpus)
    code, output = spacy_cli("train", config, "-o", tmp_path / "run", *data, *SHORT)
    assert code == 0, output
    model = tmp_path / "run" / "model-last"
    nlp = spacy.load(model)
    [component] = nlp.pipe_names
    labels = nlp.get_pipe(component).labels
    docs = [example.reference for example in with_new_label(nlp, examples)]
    DocBin(docs=docs).to_disk(tmp_path / "new.spacy")

    settings = spacy.util.load_config(config)
    settings["components"][component] = {"source": str(model)}
    settings.to_disk(tmp_path / "sourced.cfg")
    new = paths(tmp_path / "new.spacy", tmp_path / "new.spacy")
    code, output = spacy_cli(
        "train", tmp_path / "sourced.cfg", "-o", tmp_path / "second", *new, *SHORT
    )
    assert code == 0, output
    again = spacy.load(tmp_path / "second" / "model-last")
    assert again.get_pipe(component).labels == (*labels, "NEW")
    again.update(with_new_label(again, examples), sgd=again.create_optimizer())

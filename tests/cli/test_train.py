"""`spacy rnn train`: what a user can mend is told in one line; all else keeps its traceback."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example

from spacy_rnn.architectures import tok2vec
from spacy_rnn.cli._util import exit_on_error
from spacy_rnn.recipes import make_config

Cli = Callable[..., tuple[int, str]]
NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
SMALL: dict[str, Any] = {
    "components.rnn_textcat.model.tok2vec.width": 16,
    "training.optimizer.learn_rate.total_steps": 2,
    "training.eval_frequency": 2,
    "paths.train": "train.spacy",
    "paths.dev": "train.spacy",
}


@pytest.fixture
def folder(
    nlp: Language,
    make_examples: Callable[[Language], list[Example]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A config, and the data that it names."""
    config = make_config(["textcat"], overrides=SMALL)
    (tmp_path / "config.cfg").write_text(config, "utf8")
    docs = [example.reference for example in make_examples(nlp)]
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "train.spacy")
    (tmp_path / "bad.spacy").write_bytes(b"no such format")
    DocBin().to_disk(tmp_path / "none.spacy")
    (tmp_path / "wide.bin").write_bytes(tok2vec(width=32).to_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        (
            "components.rnn_textcat.class_weights",
            '{"nope": 2.0}',
            "Unknown label in class_weights of component 'rnn_textcat': got 'nope'",
        ),
        ("paths.train", "lost.spacy", "Can't use lost.spacy: No such file or directory"),
        ("paths.dev", "lost.spacy", "Can't use lost.spacy: No such file or directory"),
        ("paths.train", "bad.spacy", "doesn't look like the data is in DocBin (.spacy) format"),
        ("paths.dev", "none.spacy", "Nothing to evaluate on: got no documents from corpora.dev"),
        ("paths.train", "none.spacy", "No training data for component 'rnn_textcat'"),
        ("paths.init_tok2vec", "lost.bin", "can't find pretrained tok2vec: lost.bin"),
        ("paths.init_tok2vec", ".", "'rnn_textcat': got '.' ([Errno 21] Is a directory: '.')"),
        ("paths.init_tok2vec", "bad.spacy", "got 'bad.spacy' (unpack(b) received extra data.)"),
        ("paths.init_tok2vec", "wide.bin", "from 16 to 32), expected a model*.bin from"),
        ("initialize.vectors", "lost", "the vectors could not be found at 'lost'"),
        ("components.rnn_textcat.model.tok2vec.cell", "rnn", "tok2vec -> cell at root: 'rnn' is"),
        ("components.rnn_textcat.factory", "nope", "Can't find factory for 'nope'"),
        ("nlp.lang", "qq", "Can't import language qq"),
        ("training.train_corpus", "corpora.nope", "not a valid section reference: corpora.nope"),
        ("training.dropuot", "0.1", "Unknown setting: got training.dropuot, which the config"),
        ("trainnig.dropout", "0.1", "trainnig -> dropout not a section value"),
        pytest.param("gpu-id", "0", "annot use GPU", marks=NO_GPU),
    ],
)
def test_what_can_be_mended_is_told_in_one_line(
    option: str, value: str, message: str, folder: Path, spacy_cli: Cli
) -> None:
    code, printed = spacy_cli("rnn", "train", "config.cfg", "-o", "out", f"--{option}", value)
    assert code == 1, printed
    assert message in printed
    assert printed.count("✘") == 1
    assert "{'" not in printed, "the whole config"
    assert "Aborting" not in printed, "before it begins"
    assert not (folder / "out/model-best").exists()


def test_a_setting_that_only_the_complete_config_has_is_known(folder: Path, spacy_cli: Cli) -> None:
    config = make_config(["textcat"], overrides=SMALL).replace("label_smoothing = ", "# ")
    (folder / "config.cfg").write_text(config, "utf8")
    option = ("--components.rnn_textcat.label_smoothing", "0.1", "--paths.mine", "x")
    code, printed = spacy_cli("rnn", "train", "config.cfg", "-o", "out", *option)
    assert code == 0, printed
    assert "label_smoothing = 0.1" in (folder / "out/model-best/config.cfg").read_text("utf8")


@pytest.mark.parametrize("mistake", [lambda: numpy.zeros(2) + numpy.zeros(3), lambda: int("x")])
def test_mistakes_of_ours_keep_their_traceback(mistake: Callable[[], object]) -> None:
    with pytest.raises(ValueError), exit_on_error():  # noqa: PT011  (whatever it says)
        mistake()

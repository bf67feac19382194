"""A pipeline says the same in another process: forked after torch has used its threads, spawned,
or unpickled. A copy of a model says the same and learns apart.
"""

import copy
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import get_all_start_methods
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import SGD, Model, Optimizer

Facts = list[dict[str, Any]]

TIMEOUT = 60  # seconds: a worker that hangs would hang for ever

SCRIPT = """
import multiprocessing
import os
import sys

import spacy
import torch

if __name__ == "__main__":
    path, method = sys.argv[1:]
    multiprocessing.set_start_method(method)
    assert torch.get_num_threads() == min(4, os.cpu_count())
    # Large enough for torch to start its threads in this process.
    torch.nn.LSTM(256, 256)(torch.zeros(64, 32, 256))
    torch.zeros(1000, 1000) @ torch.zeros(1000, 1000)
    nlp = spacy.load(path)
    texts = [f"She likes New York . It rained {'again ' * i}." for i in range(40)]
    alone = list(nlp.pipe(texts, batch_size=8))
    together = list(nlp.pipe(texts, batch_size=8, n_process=2))
    assert len(alone) == len(together) == len(texts)
    for one, other in zip(alone, together):
        assert [token.tag_ for token in one] == [token.tag_ for token in other]
        assert all(abs(one.cats[label] - other.cats[label]) < 1e-5 for label in one.cats)
        assert abs(one.tensor - other.tensor).max() < 1e-5
    print("the same")
"""


@pytest.fixture(params=["lstm", "gru"])
def nlp(
    request: pytest.FixtureRequest,
    build: Callable[..., Language],
    train: Callable[..., Optimizer],
) -> Language:
    """A trained pipeline with an encoder of its own, a shared one and a listener."""
    tok2vec = {"@architectures": "spacy-rnn.Tok2Vec.v1", "width": 32, "cell": request.param}
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32}
    nlp = build(
        rnn_tok2vec={"factory": "rnn_tok2vec", "model": tok2vec},
        rnn_tagger={"factory": "rnn_tagger", "model": {"tok2vec": listener}},
        rnn_textcat={"factory": "rnn_textcat", "model": {"tok2vec": tok2vec}},
    )
    train(nlp, 20)
    return nlp


@pytest.mark.parametrize("method", [m for m in ("fork", "spawn") if m in get_all_start_methods()])
def test_n_process(nlp: Language, method: str, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path / "pipeline")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf8")
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "pipeline"), method],
        # Passive threads leave a busy machine's cores to each other.
        env={**os.environ, "OMP_NUM_THREADS": "4", "OMP_WAIT_POLICY": "PASSIVE"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)  # the workers, too
        output, errors = process.communicate()
    assert (process.returncode, output) == (0, "the same\n"), errors


def test_pickle(
    nlp: Language,
    tmp_path: Path,
    facts: Callable[[Language], Facts],
    train: Callable[..., Optimizer],
    weights: Callable[[Model], dict[str, Any]],
) -> None:
    nlp.to_disk(tmp_path)
    nlp = spacy.load(tmp_path)  # spaCy cannot pickle a listener that has been in training
    unpickled = pickle.loads(pickle.dumps(nlp))
    expected = facts(nlp)
    assert facts(unpickled) == expected
    before = weights(unpickled.get_pipe("rnn_tok2vec").model)
    train(unpickled, 3, sgd=SGD(0.1, L2=0.0))
    after = weights(unpickled.get_pipe("rnn_tok2vec").model)
    assert not any(numpy.array_equal(after[key], before[key]) for key in before)
    assert facts(nlp) == expected


@pytest.mark.parametrize("name", ["rnn_tok2vec", "rnn_textcat"])
@pytest.mark.parametrize("make_copy", [copy.deepcopy, Model.copy])
def test_copy_of_model(
    nlp: Language,
    name: str,
    make_copy: Callable[[Model], Model],
    examples: Callable[[Language], list[Example]],
    train: Callable[..., Optimizer],
) -> None:
    model = nlp.get_pipe(name).model
    docs = [example.predicted for example in examples(nlp)]
    expected = numpy.vstack(model.predict(docs))
    copied = make_copy(model)
    copies = numpy.vstack(copied.predict(docs))
    # Thinc gives a copy its default backend, whose products are rounded otherwise.
    numpy.testing.assert_allclose(copies, expected, atol=1e-6)
    train(nlp, 3, sgd=SGD(0.1, L2=0.0))
    assert not numpy.array_equal(numpy.vstack(model.predict(docs)), expected)
    assert numpy.array_equal(numpy.vstack(copied.predict(docs)), copies)

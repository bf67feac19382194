"""Fixtures: small documents and training examples, subwords, and a Ray cluster."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy
import pytest
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed, get_lang_class
from tokenizers import Tokenizer, models

from spacy_rnn.vectors import SubwordVectors

SENTENCES = [
    ("They did not like the cold soup .", "P V R V D J N .", "bad"),
    ("We liked the soup .", "P V D N .", "good"),
    ("Nobody who came late liked it .", "P P V R V P .", "bad"),
    ("Good , but cold .", "J . C J .", "bad"),
    ("Cold , but good !", "J . C J .", "good"),
    ("Yes !", "I .", "good"),
]


# Small tensors are slower on many threads.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seed() -> None:
    """Make each test reproducible."""
    fix_random_seed(0)


@pytest.fixture
def nlp() -> Language:
    return get_lang_class("en")()


@pytest.fixture
def texts() -> list[str]:
    return [words for words, _, _ in SENTENCES]


@pytest.fixture
def subwords(tmp_path: Path) -> Path:
    """A pipeline with pretrained subwords: one for each of a few words, and one for all others."""
    pieces = ("[UNK]", "Ada", "Mary", "sings", ".")
    config = {"nlp": {"vectors": {"@vectors": "spacy-rnn.SubwordVectors.v1"}}}
    nlp = get_lang_class("en").from_config(config)
    tokenizer = Tokenizer(models.WordLevel({p: i for i, p in enumerate(pieces)}, pieces[0]))
    data = numpy.eye(len(pieces), dtype="float32")
    nlp.vocab.vectors = SubwordVectors(strings=nlp.vocab.strings, tokenizer=tokenizer, data=data)
    nlp.to_disk(tmp_path / "subwords")
    return tmp_path / "subwords"


@pytest.fixture
def make_examples() -> Callable[[Language], list[Example]]:
    """RETURNS: A function that annotates the sentences with tags, entities and categories."""

    def make(nlp: Language) -> list[Example]:
        examples = []
        for words, tags, cat in SENTENCES:
            doc = Doc(nlp.vocab, words=words.split())
            cats = {label: float(label == cat) for label in ("bad", "good")}
            reference = {"words": words.split(), "tags": tags.split(), "cats": cats}
            reference["entities"] = ["U-NOUN" if tag == "N" else "O" for tag in tags.split()]
            examples.append(Example.from_dict(doc, reference))
        return examples

    return make


@pytest.fixture(scope="module")
def cluster_address() -> Iterator[str]:
    """RETURNS (str): The address of a Ray cluster of two nodes on this machine, a CPU each."""
    address, port = "127.0.0.1:6399", "--port=6399"
    options = ["--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats"]
    head = ["--head", "--node-ip-address=127.0.0.1", port, "--include-dashboard=false"]
    started = []
    for where in (head, [f"--address={address}"]):
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", *where]
        started.append(subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL))
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", 6399)).close()
                break
            except OSError:
                time.sleep(0.2)
    yield address
    for process in reversed(started):
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture
def kill_on_cluster() -> Iterator[Callable[[bytes, Path, str], list[int]]]:
    """RETURNS: A function that kills a process of a Ray cluster, which it knows by the name, once
    there are such files in a folder, and returns a list in which that will be."""
    threads = []

    def kill(name: bytes, folder: Path, pattern: str) -> list[int]:
        killed: list[int] = []

        def wait_and_kill() -> None:
            for _ in range(6000):
                if list(folder.glob(pattern)) and (found := processes(name)):
                    os.kill(found[0], signal.SIGKILL)
                    killed.append(found[0])
                    return
                time.sleep(0.05)

        threads.append(threading.Thread(target=wait_and_kill, daemon=True))
        threads[-1].start()
        return killed

    yield kill
    for thread in threads:
        thread.join(timeout=1)


def processes(name: bytes) -> list[int]:
    """RETURNS (list[int]): The processes whose names begin so."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if (folder / "cmdline").read_bytes().startswith(name):
                    found.append(int(folder.name))
            except OSError:
                continue
    return found

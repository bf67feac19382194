"""The service: answers, batches, health and limits."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

MODEL = {"tok2vec": {"@architectures": "spacy-rnn.Tok2Vec.v1", "width": 12, "rows": [50] * 4}}

pytest.importorskip("fastapi")


@pytest.fixture
def nlp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_tagger", config={"model": MODEL})
    example = Example.from_dict(nlp.make_doc("Anna sees"), {"tags": ["N", "V"]})
    nlp.initialize(lambda: [example])
    nlp.to_disk(tmp_path / "model")
    monkeypatch.setenv("MODEL", str(tmp_path / "model"))
    return nlp


@pytest.mark.filterwarnings("ignore")  # of the test client
def test_service(nlp: Language) -> None:
    from fastapi.testclient import TestClient

    from spacy_rnn import service

    texts = [f"Anna sees {i} trains" for i in range(40)]
    with TestClient(service.app) as client, ThreadPoolExecutor(8) as threads:
        assert client.get("/health").json() == {"status": "ok", "model": "pipeline 0.0.0"}
        answers = list(
            threads.map(lambda text: client.post("/annotate", json={"text": text}), texts)
        )
        for answer, doc in zip(answers, nlp.pipe(texts), strict=True):
            assert answer.status_code == 200
            assert answer.json()["tags"] == [token.tag_ for token in doc]
        too_long = client.post("/annotate", json={"text": "x" * 10_001})
        assert too_long.status_code == 422
        metrics = client.get("/metrics").text
    assert "spacy_requests_total 40" in metrics
    assert "spacy_failures_total 0" in metrics


def test_requests_that_come_together_are_one_batch(nlp: Language) -> None:
    from spacy_rnn.service import Annotator

    annotator = Annotator(nlp, os.environ["MODEL"])

    async def ask() -> None:
        task = asyncio.create_task(annotator.work())
        await asyncio.gather(*(annotator(f"text {i}") for i in range(10)))
        task.cancel()

    asyncio.run(ask())
    assert annotator.metrics["requests"] == 10
    assert annotator.metrics["batches"] == 1


def test_what_the_pipeline_does_not_annotate_is_empty(tmp_path: Path) -> None:
    from spacy_rnn.service import Annotator

    nlp = spacy.blank("en")
    nlp.to_disk(tmp_path / "model")
    answers = Annotator(nlp, str(tmp_path / "model")).annotate(["Anna sees"])
    assert answers == [{"tags": [], "entities": [], "cats": {}}]


@pytest.mark.filterwarnings("ignore")  # of the test client
def test_a_batch_that_fails_is_told_and_the_service_goes_on(nlp: Language) -> None:
    from spacy_rnn.service import Annotator

    annotator = Annotator(nlp, os.environ["MODEL"])
    work, annotator.annotate = annotator.annotate, lambda texts: 1 / 0

    async def ask() -> None:
        task = asyncio.create_task(annotator.work())
        with pytest.raises(ZeroDivisionError):
            await annotator("text")
        annotator.annotate = work
        assert "tags" in await annotator("text")
        task.cancel()

    asyncio.run(ask())
    assert annotator.metrics["failures"] == 1


@pytest.mark.filterwarnings("ignore")  # of the test client
def test_without_a_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastapi.testclient import TestClient

    from spacy_rnn import service

    monkeypatch.delenv("MODEL", raising=False)
    with pytest.raises(RuntimeError, match="MODEL is not set"), TestClient(service.app):
        pass

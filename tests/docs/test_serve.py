"""The service of docs/how-to/serve.md, as it stands."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "serve.md"
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


@pytest.fixture
def service(nlp: Language, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (code,) = re.findall(r"```python network\n(.*?)```", PAGE.read_text(), re.DOTALL)
    module = ModuleType("service")
    monkeypatch.setitem(__import__("sys").modules, "service", module)
    exec(compile(code, str(PAGE), "exec"), module.__dict__)
    return module


@pytest.mark.filterwarnings("ignore")  # of the test client
def test_service(service: ModuleType, nlp: Language) -> None:
    from fastapi.testclient import TestClient

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


def test_requests_that_come_together_are_one_batch(service: ModuleType) -> None:
    async def ask() -> None:
        task = asyncio.create_task(service.work())
        requests = [service.annotate_text(service.Request(text=f"text {i}")) for i in range(10)]
        await asyncio.gather(*requests)
        task.cancel()

    asyncio.run(ask())
    assert service.metrics["requests"] == 10
    assert service.metrics["batches"] == 1

"""The job for Spark in docs/tutorials/scale-out.md, as it stands, in local mode."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import spacy
from spacy.training import Example

PAGE = Path(__file__).parents[2] / "docs" / "tutorials" / "scale-out.md"
MODEL = {"tok2vec": {"@architectures": "spacy-rnn.Tok2Vec.v1", "width": 12, "rows": [50] * 4}}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
def test_spark(tmp_path: Path) -> None:
    pytest.importorskip("pyspark", exc_type=ImportError)
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_tagger", config={"model": MODEL})
    example = Example.from_dict(nlp.make_doc("Anna sees"), {"tags": ["N", "V"]})
    nlp.initialize(lambda: [example])
    (tmp_path / "tagger").mkdir()
    nlp.to_disk(tmp_path / "tagger" / "model")
    texts = [f"Anna sees {i} trains" for i in range(50)]
    rows = [{"id": f"n{i}", "text": text} for i, text in enumerate(texts)]
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    blocks = re.findall(r"```python network\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (code,) = [block for block in blocks if "pyspark" in block]
    (tmp_path / "job.py").write_text(code)
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable}
    command = [sys.executable, "job.py"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=300, env=environment)
    found = pq.read_table(tmp_path / "annotations").to_pylist()
    expected = [
        {"text": doc.text, "tags": [token.tag_ for token in doc]} for doc in nlp.pipe(texts)
    ]
    assert sorted(found, key=lambda row: texts.index(row["text"])) == expected

"""The promises of the components on a GPU."""

from collections.abc import Iterator

import numpy
import pytest
import spacy
import torch
from thinc.api import require_cpu, require_gpu

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"),
]
MODELS = {
    "rnn_tagger": {},
    "rnn_ner": {},
    "rnn_textcat": {"model": {"pools": ["attention", "max", "mean", "last"], "window": 3}},
    "rnn_textcat_multilabel": {"model": {"tok2vec": {"cell": "mingru", "characters": True}}},
}


@pytest.fixture(autouse=True)
def gpu() -> Iterator[None]:
    require_gpu(0)
    yield
    require_cpu()


def scores(nlp, factory, texts):
    pipe = nlp.get_pipe(factory)
    found = pipe.model.predict([nlp.make_doc(text) for text in texts])
    parts = [found.dataXd] if hasattr(found, "dataXd") else found
    return numpy.concatenate([pipe.model.ops.to_numpy(part).reshape(-1) for part in parts])


@pytest.mark.parametrize("factory", MODELS)
def test_what_was_trained_on_a_gpu_predicts_the_same_on_a_cpu(
    make_examples, texts, tmp_path, factory
):
    nlp = spacy.blank("en")
    nlp.add_pipe(factory, config=MODELS[factory])
    optimizer = nlp.initialize(lambda: make_examples(nlp))
    first: dict[str, float] = {}
    nlp.update(make_examples(nlp), sgd=optimizer, losses=first)
    for _ in range(20):
        last = nlp.update(make_examples(nlp), sgd=optimizer, losses={})
    assert last[factory] < first[factory]
    texts = [*texts, "", "soup " * 70]
    together = scores(nlp, factory, texts)
    alone = numpy.concatenate([scores(nlp, factory, [text]) for text in texts])
    numpy.testing.assert_allclose(together, alone, atol=1e-4)
    nlp.to_disk(tmp_path)
    require_cpu()
    numpy.testing.assert_allclose(scores(spacy.load(tmp_path), factory, texts), together, atol=1e-3)

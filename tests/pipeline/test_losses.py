"""Losses against torch in float64, and what examples say about weights."""

import math

import numpy
import pytest
import torch
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus, Example
from torch.nn import functional as F

from spacy_rnn.pipeline.losses import focal_loss, sample_weights, smooth

N_DOCS, N_LABELS = 7, 4


@pytest.fixture
def scores() -> torch.Tensor:
    return torch.randn(N_DOCS, N_LABELS, dtype=torch.float64).mul(4).requires_grad_()


def compare(scores: torch.Tensor, expected: torch.Tensor, got: tuple[float, numpy.ndarray]) -> None:
    expected.backward()
    assert got[0] == pytest.approx(expected.item(), rel=1e-9)
    numpy.testing.assert_allclose(got[1], scores.grad.numpy(), atol=1e-9)


def focal(log_p: torch.Tensor, truth: torch.Tensor, gamma: float) -> torch.Tensor:
    """Equation 4 of Lin et al. 2017."""
    return -(truth * (1 - log_p.exp()) ** gamma * log_p).sum()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_exclusive_cross_entropy(scores, smoothing, weighted):
    gold = torch.randint(N_LABELS, (N_DOCS,))
    weights = torch.rand(N_LABELS, dtype=torch.float64) if weighted else None
    # torch spreads the share over all labels, the right one included.
    share = smoothing * N_LABELS / (N_LABELS - 1)
    expected = F.cross_entropy(scores, gold, weight=weights, label_smoothing=share, reduction="sum")
    truth = smooth(numpy.eye(N_LABELS)[gold.numpy()], smoothing)
    if weights is not None:
        truth *= weights.numpy()
    probabilities = scores.detach().softmax(-1).numpy()
    compare(scores, expected, focal_loss(probabilities, truth, 0.0))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_binary_cross_entropy(scores, smoothing, weighted):
    gold = torch.randint(2, (N_DOCS, N_LABELS)).double()
    weights = torch.rand(N_LABELS, dtype=torch.float64) if weighted else torch.ones(N_LABELS)
    expected = F.binary_cross_entropy_with_logits(
        scores,
        gold * (1 - smoothing) + (1 - gold) * smoothing,
        pos_weight=weights,
        reduction="sum",
    )
    yes, p = gold.numpy(), scores.detach().sigmoid().numpy()
    truth = smooth(numpy.stack((yes, 1 - yes), axis=-1), smoothing)
    truth[..., 0] *= weights.numpy()
    loss, gradient = focal_loss(numpy.stack((p, 1 - p), axis=-1), truth, 0.0)
    compare(scores, expected, (loss, gradient[..., 0]))


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_focal_loss(scores, gamma):
    truth = torch.rand(N_DOCS, N_LABELS, dtype=torch.float64)
    expected = focal(scores.log_softmax(-1), truth, gamma)
    probabilities = scores.detach().softmax(-1).numpy()
    compare(scores, expected, focal_loss(probabilities, truth.numpy(), gamma))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_certain_answers_have_a_finite_loss(gamma, p):
    probabilities, truth = numpy.array([[p, 1.0 - p]], dtype="f"), numpy.array([[1.0, 0.0]])
    loss, gradient = focal_loss(probabilities, truth, gamma)
    assert loss == pytest.approx(-math.log(1e-20) if p == 0.0 else 0.0)
    assert gradient.tolist() == [[p - 1.0, 1.0 - p]]


def test_nothing_is_learned_where_nothing_is_known():
    probabilities = numpy.array([[0.2, 0.8]])
    loss, gradient = focal_loss(probabilities, smooth(numpy.zeros((1, 2)), 0.1), 2.0)
    assert loss == 0.0
    assert not gradient.any()


def test_sample_weights_survive_the_file(nlp, tmp_path):
    docs = [Doc(nlp.vocab, words=words) for words in (["so"], ["so", "what"])]
    docs[1].user_data["sample_weight"] = 2.5
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "train.spacy")
    examples = list(Corpus(tmp_path / "train.spacy")(nlp))
    assert sample_weights(examples).tolist() == [1.0, 2.5]


def test_empty_documents_have_no_weight(nlp):
    assert sample_weights([Example(nlp.make_doc(""), nlp.make_doc(""))]).tolist() == [0.0]


@pytest.mark.parametrize("weight", [-1, math.nan, math.inf, "2", None])
def test_bad_sample_weight(nlp, weight):
    example = Example(nlp.make_doc("so"), nlp.make_doc("so"))
    example.reference.user_data["sample_weight"] = weight
    with pytest.raises(ValueError, match=r'user_data\["sample_weight"\]: got .*finite number'):
        sample_weights([example])

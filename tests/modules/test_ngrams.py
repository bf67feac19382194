"""Bags of n-grams against the plain definition."""

import math

import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer

from spacy_rnn.modules.ngrams import (
    LEAST,
    NgramBag,
    label_weights,
    rarity_weights,
    squared_log_ratios,
)

# How often each n-gram occurs in each document: of the first kind, and of the second.
BAGS = [({3: 2, 1: 1}, {7: 1}), ({}, {}), ({0: 1}, {}), ({}, {9: 1, 8: 1, 7: 4, 6: 1, 5: 1})]


def batch(bags: list[tuple[dict[int, int], ...]]) -> list[torch.Tensor]:
    keys = [key for kinds in bags for bag in kinds for key in bag]
    counts = [count for kinds in bags for bag in kinds for count in bag.values()]
    sizes = [len(bag) for kinds in bags for bag in kinds]
    arrays = [torch.tensor(array, dtype=torch.int64) for array in (keys, counts, sizes)]
    return [*arrays[:2], arrays[2].view(len(bags), 2)]


def weights(kinds: tuple[dict[int, int], ...], of: torch.Tensor | None = None) -> torch.Tensor:
    """RETURNS: What the rows of a table count in a document: 1 in all, half of it each kind."""
    found = torch.zeros(10)
    of = torch.ones(10) if of is None else of
    for bag in kinds:
        raw = torch.tensor([of[key] * (1 + math.log(count)) for key, count in bag.items()])
        found[list(bag)] = raw / (2 * (raw**2).sum()).sqrt()
    return found


def test_agrees_with_each_document_alone():
    module = NgramBag(10, 4)
    expected = [weights(kinds) @ module.table.weight for kinds in BAGS]
    torch.testing.assert_close(module(*batch(BAGS)), torch.stack(expected))


@pytest.mark.parametrize("bags", [[], [({}, {})], [({}, {}), ({}, {})]])
def test_without_ngrams(bags):
    assert NgramBag(10, 4)(*batch(bags)).tolist() == [[0.0] * 4] * len(bags)


def test_gradient_reaches_the_rows_that_occur():
    module = NgramBag(10, 4)
    module(*batch(BAGS)).sum().backward()
    expected = torch.stack([weights(kinds) for kinds in BAGS]).sum(dim=0)
    torch.testing.assert_close(module.table.weight.grad[:, 0], expected)


def test_dropout_drops_ngrams():
    module = NgramBag(10_000, 4)
    torch.nn.init.ones_(module.table.weight)
    bags = module(*batch([(dict.fromkeys(range(10_000), 1), {})]), dropout=0.5)
    assert 90 < bags[0, 0] * math.sqrt(2) < 110
    dropped = module(*batch([({i: 1}, {}) for i in range(1000)]), dropout=0.5) == 0
    assert 400 < dropped[:, 0].sum() < 600


# Documents with label A, with B, with both and with neither; and the n-grams that occur in each.
LABELS = [[1, 0], [1, 0], [0, 1], [1, 1], [0, 0]]
DOCUMENTS = [{0, 1}, {0, 1, 2}, {0, 3}, {0, 1, 3}, {0}]


def weigh(labels: list[list[int]], documents: list[set[int]], rows: int = 5) -> torch.Tensor:
    module = NgramBag(rows, 4)
    rated = torch.tensor([[*row, 1] for row in labels], dtype=torch.float32)
    present = torch.tensor([[float(i in found) for i in range(rows)] for found in documents])
    occurrences, documents = present.T @ rated, rated.sum(dim=0)
    seen, told = occurrences[:, -1], (documents[:-1] > 0) & (documents[:-1] < documents[-1])
    squares = squared_log_ratios(occurrences[:, :-1], seen, documents[:-1], documents[-1])
    if told.any():
        module.weigh(label_weights(squares / told.sum(), seen))
    return module.weights


def test_ngrams_weigh_what_they_tell():
    def ratio(ngram: int, label: int) -> float:
        having = [found for found, row in zip(DOCUMENTS, LABELS, strict=True) if row[label]]
        others = [found for found, row in zip(DOCUMENTS, LABELS, strict=True) if not row[label]]
        share = len(having) / len(DOCUMENTS)
        likely = (sum(ngram in found for found in having) + share) / len(having)
        unlikely = (sum(ngram in found for found in others) + 1 - share) / len(others)
        return math.log(likely / unlikely)

    squares = [(ratio(ngram, 0) ** 2 + ratio(ngram, 1) ** 2) / 2 for ngram in range(5)]
    counts = [sum(ngram in found for found in DOCUMENTS) for ngram in range(5)]
    usual = sum(map(math.prod, zip(squares, counts, strict=True))) / sum(counts)
    expected = [math.sqrt(square / usual + LEAST**2) for square in squares]
    found = weigh(LABELS, DOCUMENTS)
    torch.testing.assert_close(found, torch.tensor(expected))
    # The first occurs everywhere, the last nowhere; the second tells A, the third does so once.
    assert found[0] == found[4] == pytest.approx(LEAST)
    assert found[1] > found[2] > LEAST


@pytest.mark.parametrize("labels", [[], [[0]] * 5, [[1]] * 5])
def test_ngrams_weigh_the_same_without_labels_to_tell(labels):
    assert weigh(labels or [[]] * 5, DOCUMENTS).tolist() == [1.0] * 5


def test_documents_without_ngrams_tell_nothing():
    assert weigh(LABELS, [set()] * 5).tolist() == pytest.approx([LEAST] * 5)


def test_weights_count():
    module = NgramBag(10, 4)
    module.weights[3] = 2.0
    expected = [weights(kinds, module.weights) @ module.table.weight for kinds in BAGS]
    torch.testing.assert_close(module(*batch(BAGS)), torch.stack(expected))


def test_new_weights_weigh_the_same():
    module = NgramBag(10, 4)
    module.weights[3] = 2.0
    module.reset_parameters()
    assert module.weights.tolist() == [1.0] * 10


def test_rare_ngrams_weigh_more():
    texts = [" ".join(str(n) for n in range(10) if i % (n + 1) == 0) for i in range(60)]
    vectorizer = TfidfVectorizer(token_pattern=r"\d", vocabulary=[str(n) for n in range(11)])
    vectorizer.fit([*texts, "x"])
    seen = torch.tensor([float(sum(str(n) in text for text in texts)) for n in range(11)])
    found = rarity_weights(seen, torch.tensor(61.0))
    assert found[10] == LEAST  # was never seen
    expected = torch.from_numpy(vectorizer.idf_).float()[:10]
    torch.testing.assert_close(found[:10] / found[0], expected / expected[0])
    assert float((found * seen).sum() / seen.sum()) == pytest.approx(1.0)

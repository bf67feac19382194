"""What is computed in: what is asked for, if the device has it."""

from functools import cache

import pytest
import torch

from spacy_rnn.modules import precision
from spacy_rnn.modules.precision import available_dtype, has_bfloat16


@pytest.fixture
def cpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CPU with or without bfloat16, of which nothing is known yet."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: request.param)
    monkeypatch.setattr(precision, "has_bfloat16", cache(has_bfloat16.__wrapped__))


@pytest.mark.parametrize("cpu", [True], indirect=True)
@pytest.mark.parametrize(
    ("wanted", "given", "expected"),
    [
        ("float32", torch.float32, torch.float32),
        ("bfloat16", torch.float32, torch.bfloat16),
        ("bfloat16", torch.float64, torch.float64),
    ],
)
def test_float32_can_be_replaced(cpu, wanted, given, expected):
    assert available_dtype(wanted, torch.zeros(1, dtype=given)) == expected


@pytest.mark.parametrize("cpu", [False], indirect=True)
def test_without_bfloat16_float32_with_one_warning(cpu):
    assert available_dtype("float32", torch.zeros(1)) == torch.float32
    with pytest.warns(UserWarning, match='"bfloat16" is taken as "float32": this cpu') as caught:
        found = [available_dtype("bfloat16", torch.zeros(1)) for _ in range(3)]
    assert found == [torch.float32] * 3
    assert len(caught) == 1


@pytest.mark.parametrize("cpu", [True], indirect=True)
def test_where_torch_does_not_tell_there_is_none(cpu, monkeypatch):
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
    with pytest.warns(UserWarning, match='Set precision = "float32" to silence this'):
        assert not has_bfloat16.__wrapped__("cpu")

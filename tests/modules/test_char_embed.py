"""Words read by their characters, against torch's own LSTM, word by word."""

import pytest
import torch

from spacy_rnn.modules.char_embed import SYMBOLS, CharEmbed

LENGTHS = torch.tensor([3, 1, 40, 2, 1])
SYMBOLS_READ = torch.randint(0, SYMBOLS, (47,), generator=torch.Generator().manual_seed(0))


def read_one(module: CharEmbed, word: torch.Tensor) -> torch.Tensor:
    _, (states, _) = module.encode.layers[0](module.symbols(word))
    return states.flatten()


@pytest.mark.parametrize("max_words", [2, 2048])
def test_agrees_with_each_word_alone(max_words, monkeypatch):
    monkeypatch.setattr("spacy_rnn.modules.char_embed.MAX_WORDS", max_words)
    module = CharEmbed(6)
    expected = [read_one(module, word) for word in SYMBOLS_READ.split(LENGTHS.tolist())]
    found = module(SYMBOLS_READ, LENGTHS)
    torch.testing.assert_close(found, torch.stack(expected), atol=1e-6, rtol=0)


def test_gradients_in_float64():
    module = CharEmbed(4).double()
    names, weights = zip(*module.named_parameters(), strict=True)
    symbols, lengths = torch.tensor([254, 7, 255, 254, 255]), torch.tensor([3, 2])

    def run(*weights: torch.Tensor) -> torch.Tensor:
        named = dict(zip(names, weights, strict=True))
        return torch.func.functional_call(module, named, (symbols, lengths))

    assert torch.autograd.gradcheck(run, weights)


def test_without_words():
    nothing = torch.zeros(0, dtype=torch.int64)
    assert CharEmbed(4)(nothing, nothing).shape == (0, 4)


def test_an_odd_width():
    with pytest.raises(ValueError, match="Invalid width: got 5, expected an even number"):
        CharEmbed(5)

"""Character encoders against torch's own layers, word by word."""

import pytest
import torch
from torch import nn

from spacy_rnn.modules.characters import CHARACTERS, SYMBOLS, CharacterEncoder

LENGTHS = torch.tensor([3, 1, 40, 2, 1])
SYMBOLS_READ = torch.randint(0, SYMBOLS, (47,), generator=torch.Generator().manual_seed(0))


def read_one(module: CharacterEncoder, characters: str, word: torch.Tensor) -> torch.Tensor:
    vectors = module.symbols(word)
    if characters == "cnn":
        linear = module.encode.linear
        kernel = linear.weight.view(len(linear.weight), 3, -1).transpose(1, 2)
        windows = nn.functional.conv1d(vectors.T[None], kernel, linear.bias, padding=1)
        return windows[0].relu().amax(dim=1)
    _, states = module.encode.layers[0](vectors)
    return (states[0] if characters == "lstm" else states).flatten()


@pytest.mark.parametrize("max_words", [2, 2048])
@pytest.mark.parametrize("characters", CHARACTERS)
def test_agrees_with_each_word_alone(characters, max_words, monkeypatch):
    monkeypatch.setattr("spacy_rnn.modules.characters.MAX_WORDS", max_words)
    module = CharacterEncoder(6, characters)
    expected = [read_one(module, characters, word) for word in SYMBOLS_READ.split(LENGTHS.tolist())]
    found = module(SYMBOLS_READ, LENGTHS)
    torch.testing.assert_close(found, torch.stack(expected), atol=1e-6, rtol=0)


@pytest.mark.parametrize("characters", CHARACTERS)
def test_gradients_in_float64(characters):
    module = CharacterEncoder(4, characters, symbol_width=2).double()
    names, weights = zip(*module.named_parameters(), strict=True)
    symbols, lengths = torch.tensor([254, 7, 255, 254, 255]), torch.tensor([3, 2])

    def run(*weights: torch.Tensor) -> torch.Tensor:
        named = dict(zip(names, weights, strict=True))
        return torch.func.functional_call(module, named, (symbols, lengths))

    assert torch.autograd.gradcheck(run, weights)


@pytest.mark.parametrize("characters", CHARACTERS)
def test_without_words(characters):
    nothing = torch.zeros(0, dtype=torch.int64)
    assert CharacterEncoder(4, characters)(nothing, nothing).shape == (0, 4)


def test_bad_settings():
    with pytest.raises(ValueError, match="Invalid characters: got 'rnn', expected one of"):
        CharacterEncoder(4, "rnn")
    with pytest.raises(ValueError, match="Invalid width: got 5, expected an even number"):
        CharacterEncoder(5, "gru")

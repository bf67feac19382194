"""Predict with an exported component: python example.py 'We liked the soup .'

Needs onnxruntime, numpy and the files beside it. Tokens are what spaces divide here: take a
tokenizer that divides texts as those of the training data are divided.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy
import onnxruntime

from ..modules.viterbi import best_path
from .lexemes import feeds


class Component:
    def __init__(self, folder: Path) -> None:
        self.settings = json.loads((folder / "model.json").read_text("utf8"))
        self.session = onnxruntime.InferenceSession(folder / "model.onnx")

    def __call__(self, words: list[str]) -> Any:
        """RETURNS: The probability of each label of a text, or the tags of its words."""
        labels, found = self.settings["labels"], self.session.run(None, feeds(words, self.settings))
        if self.settings["predicts"] == "cats":
            return dict(zip(labels, found[0][0].tolist(), strict=True))
        if len(found) == 1:
            return [labels[tag] for tag in found[0].argmax(axis=1)]
        emissions, transitions = found
        # Whitespace is in no entity.
        outside = self.settings["predicts"] == "ents"
        kept = numpy.array([not (outside and word.isspace()) for word in words])
        tags = numpy.zeros(len(words), dtype="int64")
        tags[kept] = best_path(emissions[kept], transitions)
        return [labels[tag] for tag in tags]


if __name__ == "__main__":
    print(Component(Path(__file__).parent)(sys.argv[1].split()))

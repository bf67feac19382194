"""The section of speed.py about recurrent cells. It takes the setting and returns rows."""

from collections.abc import Callable, Mapping

from ablations import BASELINE, CELLS, SMALL
from harness import Row, Setting, Task, interleave, rate
from sections import made, read, update
from spacy.language import Language
from systems import Build, with_component
from texts import count_words


def cells(setting: Setting) -> list[Row]:
    """Weights of the encoder, and words per second of a tagger with it, in texts that were never
    read before and in training.
    """
    parts = setting.rounds + 1
    slices = [setting.texts[i::parts] for i in range(parts)]
    words = [count_words(texts) for texts in slices]

    def weights(nlp: Language) -> Task:
        return lambda _: {"weights": encoder_weights(nlp)}

    def predict(nlp: Language) -> Task:
        return lambda number: rate("words", words[number], lambda: read(nlp, slices[number]))

    def train(nlp: Language) -> Task:
        return update(nlp, setting.texts[: 30 if setting.quick else 500])

    pipelines = made({name: tagger(name) for name in CELLS}, setting)
    kinds: dict[str, Callable[[Language], Task]] = {
        "encoder": weights,
        "prediction": predict,
        "training": train,
    }
    rows = []
    for kind, task in kinds.items():
        tasks = {name: task(nlp) for name, nlp in pipelines.items()}
        rows += interleave(kind, tasks, setting.rounds, BASELINE)
    return rows


def tagger(name: str) -> Build:
    settings = {**SMALL, **CELLS[name]}
    tok2vec = {k.removeprefix("tok2vec."): v for k, v in settings.items() if "tok2vec." in k}
    tok2vec["@architectures"] = "spacy-rnn.Tok2Vec.v1"
    model = {"@architectures": "spacy-rnn.Tagger.v1", "tok2vec": tok2vec}
    return with_component("rnn_tagger", model)


def encoder_weights(nlp: Language) -> int:
    """RETURNS (int): How many weights the encoder of a tagger has."""
    encode = nlp.get_pipe("rnn_tagger").model.get_ref("tok2vec").get_ref("encode")
    shims = (shim for node in encode.walk() for shim in node.shims)
    return sum(weight.numel() for shim in shims for weight in shim._model.parameters())


SECTIONS: Mapping[str, Callable[[Setting], list[Row]]] = {"cells": cells}

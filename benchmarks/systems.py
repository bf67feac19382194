"""The pipelines that are compared."""

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.util import load_config, load_model_from_config
from texts import examples
from thinc.api import fix_random_seed

Build = Callable[[], Language]

CONFIGS = Path(__file__).resolve().parent / "configs"
CELLS = ("lstm", "gru")

SPACY_TAGGER = "spaCy CNN"
SPACY_NER = "spaCy ner, CNN"
SPACY_TEXTCAT = "spaCy ensemble"


def with_component(factory: str, model: dict[str, Any], vectors: Path | None = None) -> Build:
    subwords = {
        "nlp": {"vectors": {"@vectors": "spacy-rnn.SubwordVectors.v1"}},
        "initialize": {"vectors": str(vectors)},
    }

    def build() -> Language:
        nlp = spacy.blank("en", config=subwords if vectors else {})
        nlp.add_pipe(factory, config={"model": model})
        return nlp

    return build


def from_config(name: str, **overrides: Any) -> Build:
    return lambda: load_model_from_config(load_config(CONFIGS / name, overrides=overrides))


def initialized(build: Build, texts: Sequence[str]) -> Language:
    """RETURNS (Language): A pipeline with random weights. Its speed is that of a trained one."""
    fix_random_seed(0)
    nlp = build()
    nlp.initialize(lambda: examples(texts, nlp))
    return nlp


def trained(build: Build, texts: Sequence[str], steps: int = 30) -> Language:
    """RETURNS (Language): A pipeline that has learned to find some entities: the speed of an
    entity recognizer depends on how many it finds.
    """
    nlp = initialized(build, texts)
    optimizer = nlp.create_optimizer()
    for _ in range(steps):
        nlp.update(examples(texts, nlp), sgd=optimizer)
    return nlp


def rnn_tok2vec(cell: str, width: int, depth: int, **settings: Any) -> dict[str, Any]:
    sizes = {"width": width, "depth": depth, "cell": cell}
    return {"@architectures": "spacy-rnn.Tok2Vec.v1", **sizes, **settings}


def taggers(sizes: Sequence[tuple[int, int]], vectors: Path | None = None) -> dict[str, Build]:
    """RETURNS (Dict[str, Build]): Taggers by name, spaCy's default first, ours with any vectors."""
    found = {SPACY_TAGGER: from_config("tagger_cnn.cfg")}
    for width, depth in sizes:
        size = f"{width} x {depth}"
        encode = "components.tok2vec.model.encode"
        # torch warns of dropout between layers where there is only one.
        settings = {"width": width, "depth": depth, "dropout": 0.1 if depth > 1 else 0.0}
        found[f"spaCy TorchBiLSTM {size}"] = from_config(
            "tagger_torch_bilstm.cfg", **{f"{encode}.{key}": v for key, v in settings.items()}
        )
        # As in configs/tagger.cfg.
        recipe = {"residual": True, "learn_unknown": True, "include_static_vectors": bool(vectors)}
        kinds = {cell: rnn_tok2vec(cell, width, depth, **recipe) for cell in CELLS}
        for kind, tok2vec in kinds.items():
            model = {"@architectures": "spacy-rnn.Tagger.v1", "tok2vec": tok2vec}
            found[f"rnn_tagger {kind} {size}"] = with_component("rnn_tagger", model, vectors)
    return found


def recognizers(sizes: Sequence[tuple[int, int]], vectors: Path | None = None) -> dict[str, Build]:
    """RETURNS (Dict[str, Build]): Entity recognizers by name, spaCy's default first, ours with
    any vectors.
    """
    found = {SPACY_NER: from_config("ner_cnn.cfg")}
    for width, depth in sizes:
        for cell in CELLS:
            recipe = {"learn_unknown": True, "include_static_vectors": bool(vectors)}
            tok2vec = rnn_tok2vec(cell, width, depth, **recipe)
            model = {"@architectures": "spacy-rnn.CRFTagger.v1", "tok2vec": tok2vec}
            found[f"rnn_ner {cell} {width} x {depth}"] = with_component("rnn_ner", model, vectors)
    return found


def thinc_pipelines() -> dict[str, Build]:
    """RETURNS (Dict[str, Build]): spaCy's own pipelines, by component."""
    return {
        "tagger": from_config("tagger_cnn.cfg"),
        "parser": with_component("parser", {}),
        "ner": from_config("ner_cnn.cfg"),
        "textcat": from_config("textcat_ensemble.cfg"),
    }


def textcats(sizes: Sequence[tuple[int, int]]) -> dict[str, Build]:
    """RETURNS (Dict[str, Build]): Text categorizers by name, spaCy's default first."""
    found = {
        SPACY_TEXTCAT: from_config("textcat_ensemble.cfg"),
        "spaCy bag of words": from_config("textcat_bow.cfg"),
    }
    # As many rows as in configs/textcat_sentences.cfg.
    kinds = {"": 0, ", n-grams": 262144}
    for (width, depth), cell, (kind, rows) in product(sizes, CELLS, kinds.items()):
        model = {
            "@architectures": "spacy-rnn.TextCat.v1",
            "exclusive_classes": True,
            "tok2vec": rnn_tok2vec(cell, width, depth),
            "ngram_rows": rows,
        }
        name = f"rnn_textcat {cell} {width} x {depth}{kind}"
        found[name] = with_component("rnn_textcat", model)
    return found

"""From a pipeline to a folder that a program without torch and spaCy predicts with."""

import inspect
import json
import re
from pathlib import Path
from typing import Any, cast

import numpy
from spacy.attrs import IDS
from spacy.lang.norm_exceptions import BASE_NORMS
from spacy.language import Language
from spacy.symbols import IDS as SYMBOLS
from spacy.tokens import Doc
from spacy.vectors import Mode, Vectors
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.util import to_numpy

from .. import spelling
from ..engines.model_file import Graph
from ..features import SEED, Features, attribute_values, subwords, vectors_attr
from ..files import replacing
from ..modules import viterbi
from ..pipeline.categorizer import Categorizer
from ..pipeline.ner import RNNEntityRecognizer
from ..pipeline.tagger import RNNTagger
from ..pipeline.tags import ACTIONS
from . import example, lexemes
from .errors import ExportError
from .graph import write_cats, write_crf, write_tags, write_tok2vec

GRAPH, SETTINGS = "model.onnx", "model.json"
MODULES = (example, lexemes, spelling, viterbi)
# All that is written.
FILES = (GRAPH, SETTINGS, *(Path(str(module.__file__)).name for module in MODULES))
RELATIVE_IMPORT = re.compile(r"^from \.[\w.]*?(\w+) import ", re.MULTILINE)

# Of a message of Protocol Buffers.
MAX_BYTES = 2**31 - 1
KINDS = (RNNTagger, RNNEntityRecognizer, Categorizer)
ARCHITECTURES = (
    "spacy-rnn.CRFTagger.v1",
    "spacy-rnn.Tagger.v1",
    "spacy-rnn.TextCat.v1",
    "spacy.Tagger.v2",
)
TOK2VEC = "spacy-rnn.Tok2Vec.v1"
LISTENER = "spacy.Tok2VecListener.v1"


def export(nlp: Language, output: Path, component: str | None = None) -> None:
    """Write a component as a graph of ONNX, model.onnx, that takes one text, with all that feeds
    it: model.json, with labels and what its vocabulary knows; modules that need numpy alone; and
    an example.

    nlp (Language): The pipeline.
    output (Path): The folder, which is replaced if it is there.
    component (Optional[str]): A component's name. Not needed if only one can be exported.
    RAISES (ExportError): If there is no such component, or it cannot be exported.
    """
    name = find_component(nlp, component)
    pipe: Any = nlp.get_pipe(name)
    tok2vec, graph = find_tok2vec(nlp, name), Graph()
    features: Features = tok2vec.get_ref("embed").attrs["features"]
    vectors = static_vectors(nlp.vocab) if features.vectors else Vectors()
    encoded = write_tok2vec(graph, tok2vec, to_numpy(vectors.data).astype("float32"))
    predicts, labels = write_component(graph, pipe, encoded)
    names = {key: attr for attr, key in IDS.items()}
    bag = pipe.model.get_ref("ngrams") if pipe.model.has_ref("ngrams") else None
    settings = {
        "component": name,
        "predicts": predicts,
        "labels": labels,
        "attrs": [names[attr] for attr in features.attrs],
        "seed": SEED,
        "ngram_rows": features.ngram_rows,
        "characters": features.characters,
        "vectors_attr": names[vectors_attr(nlp.vocab)] if features.vectors else None,
        "vector_rows": {str(key): row for key, row in vectors.key2row.items()},
        "text_ngram_rows": 0 if bag is None else bag.attrs["rows"],
        **vocabulary(nlp.vocab),
    }
    require_same_values(nlp.vocab, features, settings)
    data = graph.to_bytes()
    if len(data) > MAX_BYTES:
        raise ExportError(
            f"Can't export component '{name}': got a graph of {len(data):,} bytes, expected up to "
            f"{MAX_BYTES:,}, which ONNX Runtime can read. Train a pipeline with a smaller table of "
            "vectors, as spacy init vectors --prune makes it."
        )
    with replacing(output) as (part,):
        part.mkdir()
        (part / GRAPH).write_bytes(data)
        (part / SETTINGS).write_text(json.dumps(settings, ensure_ascii=False, indent=1), "utf8")
        for module in MODULES:
            source = RELATIVE_IMPORT.sub(r"from \1 import ", inspect.getsource(module))
            (part / Path(str(module.__file__)).name).write_text(source, "utf8")


def write_component(graph: Graph, pipe: Any, X: str) -> tuple[str, list[str]]:
    """Write what a component makes of encoded tokens.

    X (str): The tokens. Shape (tokens, width).
    RETURNS (Tuple[str, List[str]]): What it predicts, "cats", "ents" or "tags"; and the labels, of
        entities their tags.
    """
    if isinstance(pipe, Categorizer):
        write_cats(graph, pipe.model, X, pipe.cfg["temperature"])
        return "cats", [*pipe.labels]
    if isinstance(pipe, RNNEntityRecognizer):
        write_crf(graph, pipe.model, X, pipe.cfg["thresholds"].get("O", 0.0))
        return "ents", ["O", *(f"{action}-{name}" for name in pipe.labels for action in ACTIONS)]
    (write_tags if pipe.crf is None else write_crf)(graph, pipe.model, X)
    return "tags", [*pipe.labels]


def find_component(nlp: Language, name: str | None) -> str:
    """RETURNS (str): The name of the component to export.
    RAISES (ExportError): If there is no such component, or several.
    """
    known = [n for n, pipe in nlp.pipeline if isinstance(pipe, KINDS)]
    if name is None and len(known) == 1:
        return known[0]
    if name is None or name not in known:
        got = f"the component '{name}'" if name else "no component"
        kinds = "an rnn_tagger, rnn_ner, rnn_textcat or rnn_textcat_multilabel"
        raise ExportError(
            f"Can't tell what to export: got {got} and the pipeline "
            f"{', '.join(nlp.pipe_names) or 'without components'}, expected "
            f"{'one of ' + ', '.join(known) if known else kinds}. Name it with --component."
        )
    return name


def find_tok2vec(nlp: Language, name: str) -> Model[Any, Any]:
    """RETURNS (Model): The encoder of a component: its own, or that of the component that it
    listens to.
    RAISES (ExportError): If the component or the encoder is of another architecture.
    """
    config = nlp.get_pipe_config(name)["model"]
    _require_architecture(name, config, ARCHITECTURES)
    tok2vec: Model[Any, Any] = cast(Any, nlp.get_pipe(name)).model.get_ref("tok2vec")
    if config["tok2vec"]["@architectures"] != LISTENER:
        _require_architecture(name, config["tok2vec"], (TOK2VEC, LISTENER))
        return tok2vec
    found = (
        (other, pipe)
        for other, pipe in nlp.pipeline
        if any(tok2vec is listener for listener in getattr(pipe, "listeners", ()))
    )
    upstream, pipe = next(found, ("", None))
    if pipe is None:
        raise ExportError(
            f"Can't export component '{name}': got a listener and no encoder that it listens to, "
            "expected an rnn_tok2vec before it. Load the pipeline with its encoder enabled."
        )
    _require_architecture(upstream, nlp.get_pipe_config(upstream)["model"], (TOK2VEC,))
    return cast(Any, pipe).model


def _require_architecture(name: str, config: dict[str, Any], known: tuple[str, ...]) -> None:
    if (got := config["@architectures"]) not in known:
        raise ExportError(
            f"Can't export component '{name}': got the architecture {got}, expected "
            f"{' or '.join(known)}. Train it with {known[0]}."
        )


def static_vectors(vocab: Vocab) -> Vectors:
    """RETURNS (Vectors): The table of a vocabulary.
    RAISES (ExportError): If its vectors are made of parts of words.
    """
    if getattr(vocab.vectors, "mode", None) == Mode.default:
        return vocab.vectors
    kind = "pretrained subwords" if subwords(vocab) else "vectors of floret"
    raise ExportError(
        f"Can't export the embedding: got {kind}, expected a table with a row for each word. Train "
        "a pipeline with such a table, or with include_static_vectors = false."
    )


def vocabulary(vocab: Vocab) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What a vocabulary knows of words: "norms" that are not the lower
    case, by the ID of the word, and "symbols", strings with an ID of their own.
    """
    norms = dict(vocab.lookups.get_table("lexeme_norm", {}))
    for word in {*vocab.strings, *BASE_NORMS}:
        if word and vocab[word].norm_ != word.lower():
            norms[vocab.strings[word]] = vocab[word].norm_
    return {
        "norms": {str(key): norm for key, norm in norms.items()},
        "symbols": {text: key for text, key in SYMBOLS.items() if text},
    }


def require_same_values(vocab: Vocab, features: Features, settings: dict[str, Any]) -> None:
    """RAISES (ExportError): If an attribute is not a matter of a word's letters, as all that words
    of the vocabulary have.
    """
    words = [word for word in vocab.strings if word]
    attrs = ["ORTH", *settings["attrs"]]
    attrs += [settings["vectors_attr"], "LOWER"] if features.vectors else []
    values = attribute_values([Doc(vocab, words=words)], attrs)
    norms = [lexemes.norm(word, settings) for word in words]
    for attr, column in zip(attrs, values.T, strict=True):
        known = attr in lexemes.ATTRIBUTES
        if known and numpy.array_equal(lexemes.attribute_ids(words, norms, attr, settings), column):
            continue
        got = f"other values of {attr} in the language '{vocab.lang}'" if known else attr
        raise ExportError(
            f"Can't export the embedding: got {got}, expected attributes that follow from a word: "
            f"{', '.join(lexemes.ATTRIBUTES)}. Train a pipeline without {attr} in attrs."
        )

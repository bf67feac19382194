"""Texts to run on, and the pipelines and encoders that are compared."""

import json
import random
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy
import spacy
import torch
from harness import ROOT, BenchmarkError
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import load_config, load_model_from_config, registry
from thinc.api import Model, fix_random_seed
from torch import nn
from torch.nn.utils.rnn import pack_sequence, unpack_sequence

from spacy_rnn.modules.crf import CRF

Arrays = list[NDArray[numpy.float32]]
Build = Callable[[], Language]
Encode = Callable[[Arrays], Any]

CONFIGS = Path(__file__).resolve().parent / "configs"
SAMPLE = ROOT / "assets" / "sample" / "test.jsonl"
TAGS = [f"T{i}" for i in range(49)]
LABELS = [f"L{i}" for i in range(4)]
ENTITIES = [f"E{i}" for i in range(4)]
CELLS = ("lstm", "gru")

SPACY_TAGGER = "spaCy CNN"
SPACY_NER = "spaCy ner, CNN"
SPACY_TEXTCAT = "spaCy ensemble"
STOCK = "spacy.TorchBiLSTMEncoder.v1"
OURS = ("spacy-rnn.BiLSTMEncoder.v1", "spacy-rnn.BiGRUEncoder.v1")


# Texts


def default_texts() -> Path:
    """RETURNS (Path): The development part of UD EWT if it is there, else the embedded sample."""
    found = sorted((ROOT / "data" / "ud").rglob("*ewt*dev*.conllu"))
    return found[0] if found else SAMPLE


def read_texts(path: Path) -> list[str]:
    """Read one text a document, line or sentence, in the order of the file.

    path (Path): A .spacy, .conllu, .jsonl (with "text") or .txt file (a text a line).
    RETURNS (List[str]): The texts, without empty ones.
    RAISES (BenchmarkError): If the file is missing, of another kind, or has no texts.
    """
    if not path.is_file():
        raise BenchmarkError(f"Can't find the texts {path}: give a file with --texts.")
    if path.suffix == ".spacy":
        docs = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
        texts = [doc.text for doc in docs]
    else:
        lines = path.read_text(encoding="utf8").splitlines()
        if path.suffix == ".txt":
            texts = lines
        elif path.suffix == ".jsonl":
            texts = [json.loads(line)["text"] for line in lines if line.strip()]
        elif path.suffix == ".conllu":
            texts = [line.partition("=")[2] for line in lines if line.startswith("# text =")]
        else:
            raise BenchmarkError(
                f"Can't read texts from {path}: expected a .spacy, .conllu, .jsonl or .txt file."
            )
    texts = [text.strip() for text in texts if text.strip()]
    if not texts:
        raise BenchmarkError(f"No texts in {path}: expected one a document, line or sentence.")
    return texts


def count_words(texts: Sequence[str]) -> int:
    nlp = spacy.blank("en")
    return sum(len(nlp.make_doc(text)) for text in texts)


def references(texts: Sequence[str], nlp: Language) -> list[Doc]:
    """RETURNS (List[Doc]): Docs with made-up tags and categories, each of which occurs, and with
    capitalized words as entities.
    """
    docs, tags = [], count()
    for i, text in enumerate(texts):
        doc = nlp.make_doc(text)
        for token in doc:
            token.tag_ = TAGS[next(tags) % len(TAGS)]
        doc.set_ents(
            [
                Span(doc, token.i, token.i + 1, ENTITIES[len(token) % len(ENTITIES)])
                for token in doc
                if token.is_title and token.i
            ]
        )
        doc.cats = {label: float(j == i % len(LABELS)) for j, label in enumerate(LABELS)}
        docs.append(doc)
    return docs


def examples(texts: Sequence[str], nlp: Language) -> list[Example]:
    """RETURNS (List[Example]): New ones, so that nothing about them is computed yet."""
    docs = references(texts, nlp)
    return [Example(nlp.make_doc(doc.text), doc) for doc in docs]


# Pipelines


def with_component(factory: str, model: dict[str, Any]) -> Build:
    def build() -> Language:
        nlp = spacy.blank("en")
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


def rnn_tok2vec(cell: str, width: int, depth: int) -> dict[str, Any]:
    return {
        "@architectures": "spacy-rnn.Tok2Vec.v1",
        "width": width,
        "depth": depth,
        "cell": cell,
    }


def taggers(sizes: Sequence[tuple[int, int]]) -> dict[str, Build]:
    """RETURNS (Dict[str, Build]): Taggers by name, spaCy's default first."""
    found = {SPACY_TAGGER: from_config("tagger_cnn.cfg")}
    for width, depth in sizes:
        size = f"{width} x {depth}"
        encode = "components.tok2vec.model.encode"
        # torch warns of dropout between layers where there is only one.
        settings = {"width": width, "depth": depth, "dropout": 0.1 if depth > 1 else 0.0}
        found[f"spaCy TorchBiLSTM {size}"] = from_config(
            "tagger_torch_bilstm.cfg", **{f"{encode}.{key}": v for key, v in settings.items()}
        )
        for cell in CELLS:
            tok2vec = rnn_tok2vec(cell, width, depth)
            model = {"@architectures": "spacy-rnn.Tagger.v1", "tok2vec": tok2vec}
            found[f"rnn_tagger {cell} {size}"] = with_component("rnn_tagger", model)
    return found


def recognizers(sizes: Sequence[tuple[int, int]]) -> dict[str, Build]:
    """RETURNS (Dict[str, Build]): Entity recognizers by name, spaCy's default first."""
    found = {SPACY_NER: from_config("ner_cnn.cfg")}
    for width, depth in sizes:
        for cell in CELLS:
            tok2vec = rnn_tok2vec(cell, width, depth)
            model = {"@architectures": "spacy-rnn.CRFTagger.v1", "tok2vec": tok2vec}
            found[f"rnn_ner {cell} {width} x {depth}"] = with_component("rnn_ner", model)
    return found


def textcats(sizes: Sequence[tuple[int, int]]) -> dict[str, Build]:
    """RETURNS (Dict[str, Build]): Text categorizers by name, spaCy's default first."""
    found = {
        SPACY_TEXTCAT: from_config("textcat_ensemble.cfg"),
        "spaCy bag of words": from_config("textcat_bow.cfg"),
    }
    for width, depth in sizes:
        for cell in CELLS:
            model = {
                "@architectures": "spacy-rnn.TextCat.v1",
                "exclusive_classes": True,
                "tok2vec": rnn_tok2vec(cell, width, depth),
            }
            name = f"rnn_textcat {cell} {width} x {depth}"
            found[name] = with_component("rnn_textcat", model)
    return found


# Conditional random fields: from a list of arrays, the scores of tags, as above


def crf_methods(tags: int) -> dict[str, Encode]:
    """RETURNS (Dict[str, Encode]): What is asked of a CRF in prediction and in training."""
    field = CRF(tags)
    nn.init.normal_(field.transitions)

    def ask(method: str) -> Encode:
        def run(arrays: Arrays) -> Any:
            scores = torch.from_numpy(numpy.concatenate(arrays))
            return getattr(field, method)(scores, torch.tensor([len(array) for array in arrays]))

        return torch.inference_mode()(run)

    def learn(arrays: Arrays) -> None:
        scores = torch.from_numpy(numpy.concatenate(arrays)).requires_grad_()
        gold = nn.functional.one_hot(scores.detach().argmax(dim=1), tags).bool()
        field(scores, torch.tensor([len(array) for array in arrays]), gold=gold).sum().backward()

    return {
        f"CRF Viterbi, {tags} tags": ask("viterbi"),
        f"CRF marginals, {tags} tags": ask("marginals"),
        f"CRF loss and gradient, {tags} tags": learn,
    }


# Encoders: from a list of arrays to a list of arrays, as in the `encode` slot of spacy.Tok2Vec.v2


def encoder_model(name: str, width: int, depth: int) -> Model[Arrays, Arrays]:
    """RETURNS (Model): A registered encoder with random weights."""
    spacy.blank("en")
    settings = {"dropout": 0.0} if name == STOCK else {}
    model: Model[Arrays, Arrays] = registry.architectures.get(name)(
        width=width, depth=depth, **settings
    )
    model.initialize(X=[numpy.zeros((2, width), dtype="float32")])
    return model


def packed(cell: str, width: int, depth: int) -> Encode:
    """torch's own module on packed sequences, as its documentation has it."""
    kind = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
    module = kind(width, width // 2, num_layers=depth, bidirectional=True).eval()

    @torch.inference_mode()
    def encode(arrays: Arrays) -> list[torch.Tensor]:
        sequences = [torch.from_numpy(array) for array in arrays]
        return unpack_sequence(module(pack_sequence(sequences, enforce_sorted=False))[0])

    return encode


def encoders(width: int, depth: int) -> dict[str, Encode]:
    """RETURNS (Dict[str, Encode]): Encoders by name, spaCy's own first."""
    return {
        STOCK: encoder_model(STOCK, width, depth).predict,
        "torch LSTM packed": packed("lstm", width, depth),
        "torch GRU packed": packed("gru", width, depth),
        **{name: encoder_model(name, width, depth).predict for name in OURS},
    }


def encoder_steps(width: int, depth: int) -> dict[str, Encode]:
    """RETURNS (Dict[str, Encode]): Forward and backward pass of registered encoders by name."""

    def step(model: Model[Arrays, Arrays]) -> Encode:
        def run(arrays: Arrays) -> Arrays:
            outputs, backprop = model.begin_update(arrays)
            return backprop(outputs)

        return run

    return {name: step(encoder_model(name, width, depth)) for name in (STOCK, *OURS)}


def flops_per_token(name: str, width: int, depth: int) -> int:
    """RETURNS (int): Of the matrix products: each gate reads the input and the other units of its
    direction, and a product is a multiplication and an addition.
    """
    gates, hidden = (3 if "GRU" in name else 4), width // 2
    return depth * 2 * gates * hidden * (width + hidden) * 2


def random_arrays(lengths: Sequence[int], width: int) -> Arrays:
    generator = numpy.random.default_rng(0)
    return [generator.standard_normal((n, width), dtype="float32") for n in lengths]


def document_lengths(tokens: int) -> list[int]:
    """RETURNS (List[int]): Lengths of documents, 230 tokens on average, of `tokens` together."""
    generator = random.Random(0)
    return [generator.randint(115, 345) for _ in range(max(1, tokens // 230))]

"""Models as graphs of ONNX, for one text at a time."""

from typing import Any, cast

import numpy
from numpy.typing import NDArray
from thinc.api import Model
from torch import Tensor

from ..engines.graph import OPERATORS, write_stack
from ..engines.model_file import Graph
from ..layers.shim import TorchShim, torch_shim
from ..modules.char_embed import CharEmbed
from ..modules.crf import CRF
from ..modules.embedding import MAXOUT_PIECES, TokenEmbedding
from ..modules.hash_embed import HashEmbed
from ..modules.ngrams import NgramBag
from ..modules.pooling import Pooling
from ..modules.recurrent import RecurrentStack
from ..modules.seen import BITS
from .errors import ExportError

Array = NDArray[Any]


def write_tok2vec(graph: Graph, tok2vec: Model[Any, Any], vectors: Array) -> str:
    """Write a `spacy-rnn.Tok2Vec.v1`.

    vectors (NDArray[float32]): The table of static vectors, if it reads them. Shape (rows, any).
    RETURNS (str): The encoded tokens. Shape (tokens, width).
    RAISES (ExportError): If it has a minGRU.
    """
    embedding = cast(TokenEmbedding, torch_shim(tok2vec.get_ref("embed")).module)
    X = graph.node("Unsqueeze", _embed(graph, embedding, vectors), numpy.array([1]))
    for node in tok2vec.get_ref("encode").walk():
        for shim in node.shims:
            X = _encode(graph, cast(TorchShim, shim), X)
    return graph.node("Squeeze", X, numpy.array([1]))


def write_crf(graph: Graph, model: Model[Any, Any], X: str, margin: float = 0.0) -> None:
    """Write the emissions and transitions of a CRF.

    X (str): The encoded tokens. Shape (tokens, width).
    margin (float): What the emissions of the first tag lose.
    """
    field = cast(CRF, torch_shim(model.get_ref("crf")).module)
    emissions = _linear(graph, model.get_ref("output_layer"), X)
    tags = len(field.transitions) - 1
    if margin:
        emissions = graph.node("Sub", emissions, margin * _float(numpy.arange(tags) == 0))
    scores = numpy.where(_array(field.legal), _array(field.transitions), -numpy.inf)
    graph.output(emissions, "emissions", "float32", ["tokens", tags])
    graph.output(graph.constant(_float(scores)), "transitions", "float32", scores.shape)


def write_tags(graph: Graph, model: Model[Any, Any], X: str) -> None:
    """Write the probabilities of tags.

    X (str): The encoded tokens. Shape (tokens, width).
    """
    output = model.get_ref("output_layer")
    found = graph.node("Softmax", _linear(graph, output, X), axis=1)
    graph.output(found, "probabilities", "float32", ["tokens", output.get_dim("nO")])


def write_cats(graph: Graph, model: Model[Any, Any], X: str, temperature: float) -> None:
    """Write the probabilities of a text's labels.

    X (str): The encoded tokens. Shape (tokens, width).
    temperature (float): What their scores are divided by.
    """
    output = model.get_ref("output_layer")
    scores = _linear(graph, output, _pool(graph, model.get_ref("pool"), X))
    if model.has_ref("ngrams"):
        bag = cast(NgramBag, torch_shim(model.get_ref("ngrams")).module)
        others = _linear(graph, model.get_ref("ngram_output"), _bag(graph, bag))
        shares = [_float(share) for share in model.get_ref("ensemble").attrs["shares"]]
        scores, others = (
            graph.node("Mul", part, share)
            for part, share in zip((scores, others), shares, strict=True)
        )
        scores = graph.node("Add", scores, others)
    if temperature != 1.0:
        scores = graph.node("Div", scores, _float(temperature))
    settings: dict[str, Any] = {"axis": 1} if not model.attrs["multi_label"] else {}
    found = graph.node("Softmax" if settings else "Sigmoid", scores, **settings)
    graph.output(found, "probabilities", "float32", [1, output.get_dim("nO")])


def _embed(graph: Graph, module: TokenEmbedding, vectors: Array) -> str:
    """RETURNS (str): The embedded tokens. Shape (tokens, width)."""
    parts = []
    if module.attributes is not None:
        parts.append(_embed_attributes(graph, module.attributes))
    if module.ngrams is not None:
        rows = graph.input("ngrams", "int64", ["tokens", "most n-grams"])
        found = _rows(graph, _array(module.ngrams.weight), rows)
        found = graph.node("ReduceSum", found, _axes(1), keepdims=0)
        given = graph.node("Cast", graph.node("Greater", rows, numpy.array(-1)), to=1)
        parts.append(graph.node("Div", found, graph.node("ReduceSum", given, _axes(1))))
    if module.characters is not None:
        parts.append(_spell(graph, module.characters))
    if module.vectors is not None:
        # Projected here, in the place of words there.
        table = vectors @ _array(module.vectors.weight).T
        parts.append(_rows(graph, table, graph.input("vectors", "int64", ["tokens"])))
    X = graph.node("Concat", *parts, axis=1)
    pieces = _product(graph, X, module.mix.weight, module.mix.bias)
    pieces = graph.node("Reshape", pieces, numpy.array([-1, module.width, MAXOUT_PIECES]))
    X = graph.node("ReduceMax", pieces, axes=[2], keepdims=0)
    X = graph.node("Sub", X, graph.node("ReduceMean", X, axes=[1]))
    variance = graph.node("ReduceMean", graph.node("Mul", X, X), axes=[1])
    deviation = graph.node("Sqrt", graph.node("Add", variance, _float(module.norm.eps)))
    X = graph.node("Mul", graph.node("Div", X, deviation), _array(module.norm.weight))
    return graph.node("Add", X, _array(module.norm.bias))


def _rows(graph: Graph, table: Array, rows: str) -> str:
    """RETURNS (str): Rows of a table, zeros for -1, which is a last one."""
    return graph.node("Gather", numpy.vstack((table, numpy.zeros_like(table[:1]))), rows)


def _spell(graph: Graph, module: CharEmbed) -> str:
    """RETURNS (str): The tokens as their characters are read. Shape (tokens, width)."""
    symbols = graph.input("symbols", "int64", ["tokens", "most symbols"])
    given = graph.node("Cast", graph.node("Greater", symbols, numpy.array(-1)), to=6)
    lengths = graph.node("ReduceSum", given, _axes(1), keepdims=0)
    symbols = graph.node("Transpose", symbols, perm=[1, 0])
    X = graph.node("Gather", _array(module.symbols.weight), symbols)
    Y = write_stack(graph, module.encode, X, lengths, "float32")
    place = graph.node("Sub", graph.node("Cast", lengths, to=7), numpy.array(1))
    place = graph.node("Unsqueeze", place, _axes(1))
    by_token = graph.node("Transpose", Y, perm=[1, 0, 2])
    last = graph.node("GatherND", by_token, place, batch_dims=1)
    return _halves(graph, last, graph.node("Gather", Y, numpy.array(0)), module.encode.width)


def _halves(graph: Graph, last: str, first: str, width: int) -> str:
    """RETURNS (str): The last state of each direction. Shape (sequences, width)."""
    forward, backward = numpy.split(numpy.arange(width), 2)
    last = graph.node("Gather", last, forward, axis=1)
    return graph.node("Concat", last, graph.node("Gather", first, backward, axis=1), axis=1)


def _embed_attributes(graph: Graph, module: HashEmbed) -> str:
    """RETURNS (str): Vectors of attributes side by side. Shape (tokens, attributes * width)."""
    sizes = _array(cast(Tensor, module.sizes))
    hashes = graph.input("hashes", "int64", ["tokens", len(sizes), 4])
    keys = graph.node("Add", graph.node("Mod", hashes, sizes), _array(cast(Tensor, module.starts)))
    if module.seen is not None:
        bits = graph.node("Mod", hashes, numpy.array(BITS))
        filled = _array(cast(Tensor, module.seen.filter))
        eight, two = numpy.array(8), numpy.array(2, dtype=numpy.uint8)
        octets = graph.node("Gather", filled, graph.node("Div", bits, eight))
        shift = graph.node("Cast", graph.node("Mod", bits, eight), to=2)
        octets = graph.node("BitShift", octets, shift, direction="RIGHT")
        bit = graph.node("Cast", graph.node("Mod", octets, two), to=6)
        known = graph.node("Cast", graph.node("ReduceMin", bit, axes=[2]), to=9)
        keys = graph.node("Where", known, keys, _array(cast(Tensor, module.unknown)))
    rows = graph.node("Gather", _array(module.table.weight), keys)
    vectors = graph.node("ReduceSum", rows, _axes(2), keepdims=0)
    width = len(sizes) * module.table.embedding_dim
    return graph.node("Reshape", vectors, numpy.array([-1, width]))


def _encode(graph: Graph, shim: TorchShim, X: str) -> str:
    """RETURNS (str): The tokens, read by recurrent layers. Shape (tokens, 1, width)."""
    stack = cast(RecurrentStack, shim.module)
    if stack.cell not in OPERATORS:
        raise ExportError(
            f"Can't export the encoder: got the cell {stack.cell!r}, expected one of "
            f"{sorted(OPERATORS)}. Train a pipeline with one of them."
        )
    return write_stack(graph, stack, X, "", shim.cfg["precision"])


def _pool(graph: Graph, pool: Model[Any, Any], X: str) -> str:
    """RETURNS (str): The pooled text. Shape (1, width * number of pools)."""
    size = 0
    for node in pool.walk(order="dfs_pre"):
        size = node.attrs.get("size", size)
        module = torch_shim(node).module if node.shims else None
        if isinstance(module, Pooling):
            X, size = _pool_windows(graph, module, X, size), 0
        elif module is not None:
            X = graph.node("Unsqueeze", X, _axes(1))
            X = graph.node("Squeeze", _encode(graph, torch_shim(node), X), _axes(1))
    return X


def _pool_windows(graph: Graph, module: Pooling, X: str, size: int) -> str:
    """Pool windows of tokens.

    size (int): The most tokens in a window, 0 for one of all of them.
    RETURNS (str): The windows. Shape (windows, width * number of pools).
    """
    tokens = graph.node("Gather", graph.node("Shape", X), numpy.array([0]))
    most = graph.node("Max", tokens, numpy.array([1])) if not size else numpy.array([size])
    missing = graph.node("Mod", graph.node("Neg", tokens), most)
    padding = graph.node("Concat", numpy.array([0, 0]), missing, numpy.array([0]), axis=0)

    def windows(rows: str, width: int) -> str:
        shape = graph.node("Concat", numpy.array([-1]), most, numpy.array([width]), axis=0)
        return graph.node("Reshape", rows, shape)

    def mean(scores: str, heads: int) -> str:
        """RETURNS (str): Tokens weighted by a softmax. Shape (windows, width)."""
        scores = windows(graph.node("Pad", scores, padding, _float(-numpy.inf)), heads)
        weights = graph.node("Unsqueeze", graph.node("Softmax", scores, axis=1), _axes(3))
        parts = graph.node("Reshape", rows, numpy.array([0, 0, heads, module.width // heads]))
        found = graph.node("ReduceSum", graph.node("Mul", parts, weights), _axes(1))
        return graph.node("Reshape", found, numpy.array([-1, module.width]))

    # The last window is filled up with its last token, which changes neither that nor the maximum.
    rows = windows(graph.node("Pad", X, padding, mode="edge"), module.width)
    parts = []
    for pool in module.pools:
        if pool == "attention":
            keys = graph.node("Tanh", _product(graph, X, module.key.weight, module.key.bias))
            parts.append(mean(_product(graph, keys, module.query.weight), module.heads))
        elif pool == "mean":
            shape = graph.node("Concat", tokens, numpy.array([1]), axis=0)
            parts.append(mean(graph.node("ConstantOfShape", shape), 1))
        elif pool == "max":
            parts.append(graph.node("ReduceMax", rows, axes=[1], keepdims=0))
        else:
            last, first = (graph.node("Gather", rows, numpy.array(i), axis=1) for i in (-1, 0))
            found = _halves(graph, last, first, module.width) if module.bidirectional else last
            parts.append(found)
    return graph.node("Concat", *parts, axis=1)


def _bag(graph: Graph, module: NgramBag) -> str:
    """RETURNS (str): The text by its n-grams. Shape (1, width)."""
    rows = graph.input("text_ngrams", "int64", ["n-grams of the text"])
    counts = graph.input("counts", "int64", ["n-grams of the text"])
    one, two = _float(1.0), _float(2.0)
    logs = graph.node("Log", graph.node("Cast", counts, to=1))
    weights = graph.node("Gather", _array(cast(Tensor, module.weights)), rows)
    weights = graph.node("Mul", weights, graph.node("Add", logs, one))
    squares = graph.node("Mul", weights, weights)
    half = numpy.array(module.table.num_embeddings // 2)
    is_words = graph.node("Less", rows, half)
    words = graph.node("ReduceSum", graph.node("Where", is_words, squares, _float(0.0)))
    spelling = graph.node("ReduceSum", graph.node("Where", is_words, _float(0.0), squares))
    sums = graph.node("Where", is_words, words, spelling)
    weights = graph.node("Div", weights, graph.node("Sqrt", graph.node("Mul", sums, two)))
    weights = graph.node("Unsqueeze", weights, numpy.array([1]))
    vectors = graph.node("Gather", _array(module.table.weight), rows)
    return graph.node("ReduceSum", graph.node("Mul", vectors, weights), _axes(0))


def _linear(graph: Graph, layer: Model[Any, Any], X: str) -> str:
    W, b = (layer.ops.to_numpy(layer.get_param(name)) for name in ("W", "b"))
    return graph.node("Gemm", X, W, b, transB=1)


def _product(graph: Graph, X: str, weights: Tensor, bias: Tensor | None = None) -> str:
    return graph.node("Gemm", X, *[_array(w) for w in (weights, bias) if w is not None], transB=1)


def _array(tensor: Tensor) -> Array:
    return tensor.numpy(force=True)


def _float(value: Any) -> Array:
    return numpy.array(value, dtype=numpy.float32)


def _axes(axis: int) -> Array:
    return numpy.array([axis])

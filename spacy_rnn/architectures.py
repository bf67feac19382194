"""Model architectures, registered as `spacy-rnn.*` in pyproject.toml."""

from collections.abc import Sequence
from functools import partial

from spacy.ml.models.tagger import build_tagger_model
from spacy.tokens import Doc
from thinc.api import (
    Dropout,
    Linear,
    Model,
    chain,
    with_array,
    zero_init,
)
from thinc.types import Floats2d, Ragged

from .engines.choice import Engine
from .engines.graph import Precision
from .errors import UserError
from .layers.crf import with_crf
from .layers.embedding import token_embedding
from .layers.ensemble import ensemble
from .layers.growth import resize_output
from .layers.ngrams import ngram_bag
from .layers.pooling import pooling
from .layers.probabilities import probabilities
from .layers.ragged import list2ragged, ragged2list
from .layers.recurrent import hybrid, recurrent
from .layers.windows import with_windows
from .modules.pooling import Pool
from .modules.recurrent import Cell
from .ops import use_onednn

Encoder = Model[list[Floats2d], list[Floats2d]]
Tok2Vec = Model[list[Doc], list[Floats2d]]
TextCat = Model[list[Doc], Floats2d]
Tagger = Model[list[Doc], list[Floats2d]] | Model[list[Doc], Ragged]
CRFTagger = Model[list[Doc], Ragged]

# How much the scores of the encoder and those of n-grams count in a classifier that has both, until
# data tell.
SHARES = (0.5, 0.5)


def bilstm_encoder(
    width: int,
    depth: int = 1,
    dropout: float | None = None,
    residual: bool = False,
    engine: Engine = "auto",
    precision: Precision = "float32",
) -> Encoder:
    """Encode context with bidirectional LSTM layers: `spacy-rnn.BiLSTMEncoder.v1`, for the
    `encode` slot of `spacy.Tok2Vec.v2`.

    A document's vectors do not depend on the documents that it is batched with.

    width (int): The input and output width, both directions together. An even number; recommended
        values are between 64 and 512.
    depth (int): The number of recurrent layers. Recommended values are 1 and 2.
    dropout (Optional[float]): Rate at which the outputs of each layer are dropped in training. By
        default spaCy's own, `[training] dropout`; a number holds whatever spaCy sets.
    residual (bool): Let each layer give the sum of what it reads and finds (He et al. 2016).
        Recommended for tags, and wherever there are several layers.
    engine (str): What predicts on CPU: "onnx", ONNX Runtime, which takes half of the time that
        "torch" does; or "auto", the former where it can be used. What they predict is equal but
        for rounding. Training, and all on GPU, is torch's.
    precision (str): What ONNX Runtime predicts in. "int8" rounds weights and vectors to whole
        numbers, which takes up to half of the time where layers are wide and texts are long or
        come one by one, and moves scores by hundredths of a point. Where torch predicts, it has
        no effect.
    RETURNS (Model[List[Floats2d], List[Floats2d]]): The encoder.
    RAISES (ValueError): If `width` is odd, `depth` is below 1, `dropout` is not a rate or ONNX
        Runtime is asked for and missing; on first use, if the embedding is of another width.
    """
    return _encoder("lstm", width, depth, dropout, residual, engine, precision=precision)


def bigru_encoder(
    width: int,
    depth: int = 1,
    dropout: float | None = None,
    residual: bool = False,
    reset_after: bool = True,
    engine: Engine = "auto",
) -> Encoder:
    """Encode context with bidirectional GRU layers: `spacy-rnn.BiGRUEncoder.v1`. Other arguments
    and errors are those of `spacy-rnn.BiLSTMEncoder.v1`; the weights are three quarters as many.

    reset_after (bool): Whether the reset gate acts after the product with the state, as in cuDNN,
        or before it, as published (Cho et al. 2014), which is slower.
    """
    return _encoder("gru", width, depth, dropout, residual, engine, reset_after)


def _encoder(
    cell: Cell,
    width: int,
    depth: int,
    dropout: float | None,
    residual: bool,
    engine: Engine,
    reset_after: bool = True,
    precision: Precision = "float32",
) -> Encoder:
    encode = recurrent(
        width,
        width,
        depth,
        cell=cell,
        dropout=dropout,
        residual=residual,
        reset_after=reset_after,
        engine=engine,
        precision=precision,
    )
    model: Encoder = chain(list2ragged(), encode, ragged2list())
    model.set_dim("nO", width)
    return model


def tok2vec(
    width: int = 128,
    depth: int = 1,
    cell: Cell | Sequence[Cell] = "lstm",
    bidirectional: bool = True,
    dropout: float | None = None,
    include_static_vectors: bool = False,
    attrs: Sequence[str] = ("NORM", "PREFIX", "SUFFIX", "SHAPE"),
    rows: Sequence[int] = (5000, 1000, 2500, 2500),
    learn_unknown: bool = False,
    char_ngram_rows: int = 10000,
    characters: bool = False,
    cache_mib: int = 64,
    residual: bool = False,
    reset_after: bool = True,
    engine: Engine = "auto",
    precision: Precision = "float32",
) -> Tok2Vec:
    """Embed tokens by their lexical features and encode their context: `spacy-rnn.Tok2Vec.v1`.

    Takes the place of `spacy.Tok2Vec.v2` with its two slots, and embeds each unique token of a
    batch once.

    width (int): The width of embedding and output, both directions together. Recommended values
        are between 64 and 512.
    depth (int): The number of recurrent layers. Recommended values are 1 and 2.
    cell (Union[str, Sequence[str]]): "lstm", "gru" or "mingru", whose training takes no loop over
        the tokens; or one for each layer, such as `["lstm", "gru"]` with a `depth` of 2.
    bidirectional (bool): Read each document in both directions.
    dropout (Optional[float]): Rate at which the outputs of each recurrent layer are dropped in
        training. By default spaCy's own, `[training] dropout`; a number holds whatever spaCy sets.
    include_static_vectors (bool): Also embed the vectors table of the vocab. Words that it lacks
        are looked up by their lower case.
    attrs (Sequence[str]): The token attributes to embed.
    rows (Sequence[int]): The number of rows in the hash table of each attribute. Recommended
        values are between 1000 and 10000.
    learn_unknown (bool): Let attributes that training never saw share a vector of their own, which
        is learned because rare ones pass for unknown in training, at any dropout. Of values never
        seen, at most 0.81 % are taken for seen, however many training saw. Adds 3 MiB to the
        stored model. Recommended where words in use are not those of training, as names are.
    char_ngram_rows (int): The number of rows in the hash table of character n-grams, which tell
        much about words that training lacks. Recommended values are between 5000 and 20000; 0
        leaves them out.
    characters (bool): Also read the characters of a token. See `spacy-rnn.CharEmbed.v1`.
    cache_mib (int): How many MiB of embedded tokens to cache between batches in prediction on CPU,
        0 for none. Recommended values are between 16 and 256.
    residual (bool): Let each recurrent layer give the sum of what it reads and finds. See
        `spacy-rnn.BiLSTMEncoder.v1`.
    reset_after (bool): For "gru", see `spacy-rnn.BiGRUEncoder.v1`.
    engine (str): See `spacy-rnn.BiLSTMEncoder.v1`. "auto" leaves a minGRU to torch.
    precision (str): For LSTMs, see `spacy-rnn.BiLSTMEncoder.v1`.
    RETURNS (Model[List[Doc], List[Floats2d]]): The model.
    RAISES (ValueError): If `width` is odd and `bidirectional` set, `depth` is below 1, `dropout`
        is not a rate, there are not as many cells as layers, `attrs` and `rows` differ in length,
        an attribute is unknown, no cell has a reset gate to set, there is nothing to embed,
        `cache_mib` is below 0, ONNX Runtime is asked for and missing or lacks a cell, or the vocab
        lacks vectors.
    """
    embed = token_embedding(
        width,
        attrs,
        rows,
        learn_unknown=learn_unknown,
        ngram_rows=char_ngram_rows,
        characters=characters,
        include_static_vectors=include_static_vectors,
        cache_mib=cache_mib,
    )
    stack = partial(recurrent, cell=cell) if isinstance(cell, str) else partial(hybrid, cells=cell)
    encode = stack(
        width,
        width,
        depth,
        bidirectional=bidirectional,
        dropout=dropout,
        residual=residual,
        reset_after=reset_after,
        engine=engine,
        precision=precision,
    )
    model: Tok2Vec = chain(embed, encode, ragged2list())
    model.set_dim("nO", width)
    model.set_ref("embed", embed)
    model.set_ref("encode", encode)
    return model


def char_embed(width: int, cache_mib: int = 64) -> Tok2Vec:
    """Embed tokens by their characters alone: `spacy-rnn.CharEmbed.v1`, for the `embed` slot of
    `spacy.Tok2Vec.v2`.

    A bidirectional LSTM reads the characters (Ling et al. 2015; Lample et al. 2016) as UTF-8 bytes,
    of which at most the first and the last 32 of a token count. Each unique token of a batch is
    read once.

    width (int): The width of the output. Recommended values are between 64 and 256.
    cache_mib (int): How many MiB of embedded tokens to cache between batches in prediction on CPU,
        0 for none.
    RETURNS (Model[List[Doc], List[Floats2d]]): The model.
    RAISES (ValueError): If `cache_mib` is below 0.
    """
    embed = token_embedding(width, characters=True, cache_mib=cache_mib)
    model: Tok2Vec = chain(embed, ragged2list())
    model.set_dim("nO", width)
    return model


def textcat(
    tok2vec: Tok2Vec,
    exclusive_classes: bool,
    pools: Sequence[Pool] = ("attention", "max"),
    heads: int = 1,
    window: int = 0,
    ngram_rows: int = 0,
    ngram_width: int = 16,
    solve_ngrams: bool = True,
    engine: Engine = "auto",
    nO: int | None = None,
) -> TextCat:
    """Classify documents by their pooled tokens: `spacy-rnn.TextCat.v1`, for `rnn_textcat`,
    `rnn_textcat_multilabel` and spaCy's own text categorizers.

    tok2vec (Model[List[Doc], List[Floats2d]]): The token-to-vector model, or a listener.
    exclusive_classes (bool): Whether a document has exactly one label.
    pools (Sequence[str]): How tokens are pooled, side by side: any of "attention", "max", "mean"
        and "last", the last state of each direction; a listener's encoder counts as bidirectional.
    heads (int): The number of attention heads, each of which weighs its own part of the vectors.
        Recommended values are between 1 and 8.
    window (int): For long documents: pool windows of so many tokens, encode the sequence of windows
        and pool it again (Yang et al. 2016). Recommended values are between 20 and 100; 0 pools
        the tokens of the whole document.
    ngram_rows (int): The number of rows in the hash table of a linear model beside the encoder,
        over the document's n-grams of words and characters. Recommended values are between 30000
        and 300000, about as many as there are n-grams; 0 leaves it out.
    ngram_width (int): The rank of the linear model. Recommended are as many as there are labels,
        and values between 16 and 128.
    solve_ngrams (bool): Let the linear model be a support vector machine for each label, solved
        when the component is initialized, rather than learn beside the encoder. Better for all but
        short texts with many labels.
    engine (str): What encodes windows in prediction: see `spacy-rnn.BiLSTMEncoder.v1`.
    nO (Optional[int]): The number of labels. Found in the data by default.
    RETURNS (Model[List[Doc], Floats2d]): The model. Its outputs are probabilities, and the
        gradient that it takes is that of the scores before the softmax or sigmoid, which for the
        cross-entropy is `probability - truth`.
    RAISES (ValueError): If `pools` is empty or has an unknown member, `heads` does not divide the
        width of `tok2vec`, `window` is below 0, `ngram_rows` below 2 and not 0, or `ngram_width`
        below 1, or `tok2vec` does not tell its width.
    """
    width = tok2vec.maybe_get_dim("nO")
    if width is None:
        raise UserError(
            f"The pooling layer must know the width of its tok2vec: got '{tok2vec.name}', which "
            "does not tell it before it is initialized. Use a tok2vec or listener with a fixed "
            "width."
        )
    if window < 0:
        raise UserError(f"Invalid window: got {window}, expected 1 or more, or 0 for none.")
    if ngram_rows < 0 or ngram_rows == 1:
        raise UserError(f"Invalid ngram_rows: got {ngram_rows}, expected 2 or more, or 0 for none.")
    if ngram_width < 1:
        raise UserError(f"Invalid ngram_width: got {ngram_width}, expected 1 or more.")
    bidirectional = all(node.attrs.get("bidirectional", True) for node in tok2vec.walk())
    pool = pooling(width, pools, bidirectional=bidirectional, heads=heads)
    pooled_width = pool.get_dim("nO")
    if window:
        pool = chain(
            with_windows(pool, window),
            recurrent(pooled_width, width, bidirectional=bidirectional, engine=engine),
            pooling(width, pools, bidirectional=bidirectional, heads=heads),
        )
    dropout: Model[Floats2d, Floats2d] = Dropout(0.0)
    output = Linear(nO, pool.get_dim("nO"), init_W=zero_init)
    use_onednn(output)
    scores: TextCat = chain(tok2vec, list2ragged(), pool, dropout, output)
    if ngram_rows:
        bag = ngram_bag(ngram_rows, ngram_width, solve_ngrams)
        ngram_output = Linear(nO, ngram_width, init_W=zero_init)
        use_onednn(ngram_output)
        scores = ensemble((scores, chain(bag, ngram_output)), SHARES)
    model: TextCat = chain(scores, probabilities(exclusive_classes))
    if nO is not None:
        model.set_dim("nO", nO)
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("pool", pool)
    model.set_ref("output_layer", output)
    if ngram_rows:
        model.set_ref("ensemble", scores)
        model.set_ref("ngrams", bag)
        model.set_ref("ngram_output", ngram_output)
    model.attrs["multi_label"] = not exclusive_classes
    model.attrs["resize_output"] = resize_output(independent=not exclusive_classes)
    return model


def tagger(tok2vec: Tok2Vec, crf: bool = False, nO: int | None = None) -> Tagger:
    """Score the tags of tokens: `spacy-rnn.Tagger.v1`, for `rnn_tagger`.

    tok2vec (Model[List[Doc], List[Floats2d]]): The token-to-vector model, or a listener.
    crf (bool): Whether to find the best sequence of tags under a linear-chain CRF, rather than
        the best tag of each token. Recommended where tags depend on their neighbours, as in
        chunking.
    nO (Optional[int]): The number of tags. Found in the data by default.
    RETURNS (Model): The model: `spacy.Tagger.v2`, or with a CRF `spacy-rnn.CRFTagger.v1`.
    """
    if crf:
        return crf_tagger(tok2vec, nO)
    model = build_tagger_model(tok2vec, nO)
    use_onednn(model.get_ref("output_layer"))
    return model


def crf_tagger(tok2vec: Tok2Vec, nO: int | None = None) -> CRFTagger:
    """Score tags for a linear-chain CRF: `spacy-rnn.CRFTagger.v1`, for `rnn_ner`
    and `rnn_tagger`.

    tok2vec (Model[List[Doc], List[Floats2d]]): The token-to-vector model, or a listener.
    nO (Optional[int]): The number of tags. Found in the data by default.
    RETURNS (Model[List[Doc], Ragged]): The model. Its outputs are the CRF's emissions; the
        reference "crf" has the transitions.
    """
    output = Linear(nO, tok2vec.maybe_get_dim("nO"), init_W=zero_init)
    use_onednn(output)
    scorer: CRFTagger = chain(tok2vec, list2ragged(), with_array(output))
    scorer.set_ref("output_layer", output)
    model = with_crf(scorer, nO)
    model.set_ref("tok2vec", tok2vec)
    return model

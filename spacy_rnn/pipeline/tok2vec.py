"""`rnn_tok2vec`: one encoder for several components."""

from spacy.language import Language
from spacy.pipeline import Tok2Vec
from thinc.api import Model

from .storage import FromDisk


class RNNTok2Vec(FromDisk, Tok2Vec):
    """Encode tokens once for all components that listen, through
    `spacy.Tok2VecListener.v1` with `width = ${components.rnn_tok2vec.model.width}`.

    DOCS: https://spacy.io/api/tok2vec
    """


@Language.factory(
    "rnn_tok2vec",
    assigns=["doc.tensor"],
    default_config={"model": {"@architectures": "spacy-rnn.Tok2Vec.v1"}},
)
def make_rnn_tok2vec(nlp: Language, name: str, model: Model) -> RNNTok2Vec:
    """Construct a component that encodes tokens for others.

    model (Model[List[Doc], List[Floats2d]]): The token-to-vector model.
    RETURNS (RNNTok2Vec): The component.
    """
    return RNNTok2Vec(nlp.vocab, model, name)

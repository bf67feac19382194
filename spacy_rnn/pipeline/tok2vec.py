"""`rnn_tok2vec`: one encoder for several components."""

import warnings
from typing import Any

from spacy.language import Language
from spacy.pipeline import Tok2Vec
from thinc.api import Model

from .examples import GetExamples
from .storage import FromDisk
from .wiring import require_wiring


class RNNTok2Vec(FromDisk, Tok2Vec):
    """Encode tokens once for all components that listen, through
    `spacy.Tok2VecListener.v1` with `width = ${components.rnn_tok2vec.model.width}`.

    DOCS: https://spacy.io/api/tok2vec
    """

    def initialize(
        self, get_examples: GetExamples, *, nlp: Language | None = None, **settings: Any
    ) -> None:
        """Initialize the component for training, and warn where it will not learn anything.

        get_examples (Callable): Returns the examples.
        nlp (Optional[Language]): The pipeline.
        """
        require_wiring(self.name, self.model, nlp)
        super().initialize(get_examples, nlp=nlp, **settings)
        trained = [
            name
            for name, pipe in (nlp.pipeline if nlp else [])
            if pipe is not self and getattr(pipe, "is_trainable", False)
        ]
        if trained and not self.listeners:
            names = ", ".join(trained)
            warnings.warn(
                f"Nothing listens to the encoder '{self.name}', which learns nothing then: got the "
                f"components {names} with encoders of their own, expected a "
                'tok2vec = {"@architectures": "spacy.Tok2VecListener.v1"} in their models. Write '
                "the config with 'spacy rnn init --shared', or leave the encoder out.",
                UserWarning,
                stacklevel=2,
            )


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

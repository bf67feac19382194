"""Every registered name resolves, from the one table in pyproject.toml."""

from importlib.metadata import EntryPoint, distribution

import pytest
import spacy
from spacy.util import registry

GROUPS = (
    "spacy_architectures",
    "spacy_callbacks",
    "spacy_factories",
    "spacy_loggers",
    "spacy_readers",
    "thinc_ops",
    "spacy_tokenizers",
    "spacy_vectors",
    "thinc_schedules",
)
ENTRY_POINTS = [e for e in distribution("spacy-rnn").entry_points if e.group in GROUPS]


@pytest.mark.parametrize("entry_point", ENTRY_POINTS, ids=lambda e: e.name)
def test_name_resolves_to_what_the_table_says(entry_point: EntryPoint):
    name = entry_point.name
    if entry_point.group == "spacy_factories":
        assert entry_point.load().__module__.startswith("spacy_rnn.pipeline.")
        assert spacy.blank("en").create_pipe(name).name == name
    else:
        assert name.startswith("spacy-rnn.")
        assert name.rsplit(".", 1)[1] == "v1"
        assert registry.get(entry_point.group.partition("_")[2], name) is entry_point.load()


def test_the_table_holds_what_is_promised():
    assert {e.name for e in ENTRY_POINTS} == {
        "rnn_ner",
        "rnn_tagger",
        "rnn_textcat",
        "rnn_textcat_multilabel",
        "rnn_tok2vec",
        "spacy-rnn.BiGRUEncoder.v1",
        "spacy-rnn.BiLSTMEncoder.v1",
        "spacy-rnn.CharEmbed.v1",
        "spacy-rnn.CRFTagger.v1",
        "spacy-rnn.ConsoleLogger.v1",
        "spacy-rnn.Dataset.v1",
        "spacy-rnn.LanguageTokenizer.v1",
        "spacy-rnn.OneDNNOps.v1",
        "spacy-rnn.SubwordVectors.v1",
        "spacy-rnn.Tagger.v1",
        "spacy-rnn.TextCat.v1",
        "spacy-rnn.WithDistilled.v1",
        "spacy-rnn.Tok2Vec.v1",
        "spacy-rnn.fit_on_dev.v1",
        "spacy-rnn.models_with_onednn.v1",
        "spacy-rnn.require_subword_vectors.v1",
        "spacy-rnn.warmup_linear.v1",
    }

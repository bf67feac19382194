from pathlib import Path

import pytest
import spacy
from spacy.training.converters import conllu_to_docs

from spacy_rnn.corpus import CorpusError, make_doc
from spacy_rnn.corpus.conllu import read_conllu

FRENCH = """\
# sent_id = 1
# text = Il vient du marché.
1	Il	il	PRON	_	_	2	nsubj	_	_
2	vient	venir	VERB	V	_	0	root	_	_
3-4	du	_	_	_	_	_	_	_	_
3	de	de	ADP	P	_	5	case	_	_
4	le	le	DET	D	_	5	det	_	_
5	marché	marché	NOUN	N	_	2	obl	_	SpaceAfter=No
5.1	venu	venir	VERB	V	_	_	_	_	_
6	.	.	PUNCT	Z	_	2	punct	_	_

# text = Vas-y!
1-2	Vas-y	_	_	_	_	_	_	_	SpaceAfter=No
1	Vas	aller	VERB	V	_	0	root	_	_
2	-y	y	PRON	P	_	1	obl	_	_
3	!	!	PUNCT	Z	_	1	punct	_	SpacesAfter=\\n
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "train.conllu"
    path.write_text(FRENCH, encoding="utf8")
    return path


def test_words_spaces_and_tags_are_those_of_spacy(path):
    nlp = spacy.blank("fr")
    docs = [make_doc(record, nlp, "tagger", []) for record in read_conllu(path)]
    expected = list(conllu_to_docs(FRENCH, n_sents=1, no_print=True))
    assert [doc.text for doc in docs] == [doc.text for doc in expected]
    for doc, reference in zip(docs, expected, strict=True):
        assert [(token.text, token.tag_) for token in doc] == [
            (token.text, token.tag_) for token in reference
        ]
    assert [token.text for token in docs[0]] == ["Il", "vient", "de", "le", "marché", "."]
    assert docs[1].text == "Vas-y! "


def test_tags(path):
    for tags, expected in (("tags", "V"), ("xpos", "V"), ("upos", "VERB")):
        first, _ = read_conllu(path, tags)
        assert first.labels[:2] == ["PRON", expected]
    with pytest.raises(CorpusError, match="has no column 'pos': got xpos, upos"):
        list(read_conllu(path, "pos"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2\tvient", "2 vient", "line 4: got '2 vient.*', expected 10 columns with tabs"),
        ("2\tvient", "x\tvient", "line 4: .*the first with the number of the word"),
        ("2\tvient\tvenir\tVERB\tV", "2\tvient\tvenir\t_\t_", "line 4: .* a word and its tag"),
        ("2\tvient", "2\t", "line 4: .* expected a word and its tag"),
    ],
)
def test_bad_sentence(path, old, new, message):
    path.write_text(FRENCH.replace(old, new), encoding="utf8")
    with pytest.raises(CorpusError, match=message):
        list(read_conllu(path))
    errors: list[CorpusError] = []
    assert [record.tokens for record in read_conllu(path, on_error=errors.append)] == [
        ["Vas", "-y", "!"]
    ]
    assert len(errors) == 1

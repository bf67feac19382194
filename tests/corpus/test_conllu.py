from pathlib import Path

import pytest
import spacy
from spacy.training.converters import conllu_to_docs

from spacy_rnn.corpus import Columns, CorpusError, Report, make_doc

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


@pytest.mark.parametrize("merge", [False, True])
def test_texts_are_those_of_the_file(path, read, merge):
    nlp = spacy.blank("fr")
    docs = [make_doc(r, nlp, "tagger") for r in read(path, "tagger", merge_subtokens=merge)]
    assert [doc.text for doc in docs] == ["Il vient du marché.", "Vas-y!"]
    first, second = ([(token.text, token.tag_) for token in doc] for doc in docs)
    assert first[2:4] == [("du", "P_D"), ("marché", "N")]
    assert second == (
        [("Vas-y", "V_P"), ("!", "Z")] if merge else [("Vas", "V"), ("-y", "P"), ("!", "Z")]
    )


def test_merged_tokens_are_those_of_spacy(path, read):
    nlp = spacy.blank("fr")
    docs = [make_doc(r, nlp, "tagger") for r in read(path, "tagger", merge_subtokens=True)]
    expected = conllu_to_docs(FRENCH, n_sents=1, merge_subtokens=True, no_print=True)
    for doc, reference in zip(docs, expected, strict=True):
        assert [(token.text, token.tag_) for token in doc] == [
            (token.text, token.tag_) for token in reference
        ]


def test_text_without_a_comment(path, read):
    path.write_text("\n".join(line for line in FRENCH.split("\n") if "# text" not in line))
    assert [r.text for r in read(path, "tagger")] == ["Il vient du marché.", "Vas-y!"]


def test_words_in_range_are_missing(path, read):
    path.write_text(FRENCH.replace("4\tle\tle", "9\tle\tle").replace("3-4", "3-8"))
    with pytest.raises(CorpusError, match="line 5: got words to 6, expected 8: add them"):
        read(path, "tagger")


def test_tags(path, read):
    for tags, expected in (("tags", "V"), ("upos", "VERB"), ("lemma", "venir")):
        first, _ = read(path, "tagger", Columns(tags=tags))
        assert first.labels[1] == expected
    with pytest.raises(CorpusError, match="line 3: got .* expected a word and its tag in xpos"):
        read(path, "tagger", Columns(tags="xpos"))
    with pytest.raises(CorpusError, match="has no column 'pos', which tagger needs: got text, tok"):
        read(path, "tagger", Columns(tags="pos"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2\tvient", "2 vient", "line 4: got '2 vient.*', expected 10 columns with tabs"),
        ("2\tvient", "x\tvient", "line 4: .*the first with the number of the word"),
        ("2\tvient\tvenir\tVERB\tV", "2\tvient\tvenir\t_\t_", "line 4: .* a word and its tag"),
        ("2\tvient", "2\t", "line 4: .*the number of the word, and the word: corr"),
    ],
)
def test_bad_sentence(path, read, old, new, message):
    path.write_text(FRENCH.replace(old, new), encoding="utf8")
    with pytest.raises(CorpusError, match=message):
        read(path, "tagger")
    report = Report(skip=True)
    assert [r.tokens for r in read(path, "tagger", report=report)] == [["Vas", "-y", "!"]]
    assert report.skipped == 1

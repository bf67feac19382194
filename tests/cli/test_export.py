"""`spacy rnn export`: the same results without torch and spaCy."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest
from numpy.typing import NDArray
from onnxruntime import InferenceSession
from spacy.attrs import SUFFIX
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_model
from spacy.vectors import Vectors

from spacy_rnn.export import FILES, ExportError, export, lexemes
from spacy_rnn.export.export import vocabulary
from spacy_rnn.export.lexemes import ATTRIBUTES, hash_ids, string_id
from spacy_rnn.features import OPS
from spacy_rnn.vectors import SubwordVectors

TEXTS = [
    "They did not like the cold soup .",
    "Nobody",
    "Ça coûte 12,50 € PERSON case 1234567 AAAAAAAAAAbbbbb \u2019 “ \U0001d4b3yz",
    f"a {'x' * 120} {'Z9' * 30}",
]
# Runs the example where neither torch nor spaCy can be imported.
ALONE = """
import json, sys
for name in ("torch", "spacy", "thinc", "spacy_rnn"):
    sys.modules[name] = None
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from example import Component, feeds
component = Component(Path(sys.argv[1]))
for words in json.loads(sys.stdin.read()):
    found = component.session.run(None, feeds(words, component.settings))
    print(json.dumps([component(words), [array.tolist() for array in found]]))
"""
BOW = {"exclusive_classes": True, "ngram_size": 1, "no_output_layer": False}
CNN = {"depth": 1, "embed_size": 50, "pretrained_vectors": None, "window_size": 1}
CNN |= {"maxout_pieces": 2, "subword_features": True}
TOK2VEC = {"@architectures": "spacy-rnn.Tok2Vec.v1", "width": 16}


def tagger(crf: bool = False, **tok2vec: Any) -> tuple[str, dict[str, Any]]:
    model = {"@architectures": "spacy-rnn.Tagger.v1", "tok2vec": {**TOK2VEC, **tok2vec}}
    return "rnn_tagger", {"model": {**model, "crf": crf}}


def ner(**tok2vec: Any) -> tuple[str, dict[str, Any]]:
    model = {"@architectures": "spacy-rnn.CRFTagger.v1", "tok2vec": {**TOK2VEC, **tok2vec}}
    return "rnn_ner", {"model": model}


def textcat(
    tok2vec: dict[str, Any] = TOK2VEC, exclusive: bool = True, **settings: Any
) -> tuple[str, dict[str, Any]]:
    model = {"@architectures": "spacy-rnn.TextCat.v1", "tok2vec": tok2vec, **settings}
    name = "rnn_textcat" if exclusive else "rnn_textcat_multilabel"
    return name, {"model": {**model, "exclusive_classes": exclusive}}


@pytest.fixture
def train(nlp: Language, make_examples: Any) -> Any:
    """RETURNS: A function that trains components so that all of their weights tell."""

    def run(*components: tuple[str, dict[str, Any]], steps: int = 4) -> Language:
        for name, config in components:
            nlp.add_pipe(name, config=config)
        examples: list[Example] = make_examples(nlp)
        optimizer = nlp.initialize(lambda: examples)
        optimizer.learn_rate = 0.02
        for _ in range(steps):
            nlp.update(examples, sgd=optimizer)
        return nlp

    return run


def alone(folder: Path, texts: list[list[str]]) -> list[tuple[Any, list[NDArray[Any]]]]:
    """RETURNS: What the example predicts, and what the graph gives, in a process of their own."""
    command = [sys.executable, "-c", ALONE, str(folder)]
    done = subprocess.run(
        command, input=json.dumps(texts), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = map(json.loads, done.stdout.splitlines())
    return [(found, [numpy.array(array) for array in arrays]) for found, arrays in lines]


def require_same(nlp: Language, folder: Path, texts: list[str] = TEXTS) -> None:
    """The pipeline, saved and loaded again, and the example agree."""
    settings = json.loads((folder / "model.json").read_text("utf8"))
    pipe: Any = nlp.get_pipe(settings["component"])
    words = [text.split(" ") for text in texts]
    for each, (predicted, arrays) in zip(words, alone(folder, words), strict=True):
        doc = Doc(nlp.vocab, words=each)
        for name, component in nlp.pipeline:
            if name != settings["component"]:
                component(doc)
        if settings["predicts"] == "cats":
            scores = pipe.predict([doc])
            numpy.testing.assert_allclose(arrays[0], scores, atol=1e-5)
            assert predicted == pytest.approx(nlp(doc).cats, abs=1e-5)
            continue
        scores = getattr(pipe.model.predict([doc]), "dataXd", None)
        scores = pipe.probabilities([doc])[0] if scores is None else scores
        numpy.testing.assert_allclose(arrays[0], scores, atol=1e-5)
        if settings["predicts"] == "tags":
            assert predicted == [token.tag_ for token in pipe(doc)]
        else:
            iob = {"O": "O", "B": "B", "I": "I", "L": "I", "U": "B"}
            assert [iob[tag[0]] for tag in predicted] == [token.ent_iob_ for token in pipe(doc)]
            assert "".join(predicted).strip("O") or "  " not in words


@pytest.mark.parametrize(
    "component",
    [
        tagger(),
        tagger(crf=True, cell=["lstm", "gru"], depth=2, residual=True, learn_unknown=True),
        tagger(precision="int8", attrs=["LOWER", "ORTH"], rows=[50, 60], char_ngram_rows=0),
        ner(cell="gru", learn_unknown=True),
        tagger(characters=True, learn_unknown=True),
        ner(characters=True, attrs=[], rows=[], char_ngram_rows=0),
        ner(cell="gru", reset_after=False, bidirectional=False, attrs=[], rows=[]),
        textcat(),
        textcat(ngram_rows=501, pools=["mean", "last", "attention"], heads=4),
        textcat(exclusive=False, ngram_rows=500, solve_ngrams=False, pools=["last"]),
        textcat(window=3, pools=["attention", "max", "mean", "last"], heads=2),
        textcat(window=7, exclusive=False),
    ],
)
def test_the_example_predicts_what_the_pipeline_does(component, train, tmp_path):
    nlp = train(component)
    export(nlp, tmp_path / "graph")
    assert sorted(path.name for path in (tmp_path / "graph").iterdir()) == sorted(FILES)
    require_same(nlp, tmp_path / "graph")


@pytest.mark.parametrize("attr", ["ORTH", "NORM"])
def test_static_vectors(attr, nlp, train, tmp_path):
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, attr=attr)
    random = numpy.random.RandomState(0)
    # "They" is looked up by its lower case, and "cold" shares a row. Others have none.
    for word in ("they", "the", "soup", "Nobody"):
        nlp.vocab.set_vector(word, random.normal(size=7).astype("f"))
    nlp.vocab.vectors.add("cold", row=nlp.vocab.vectors.key2row[nlp.vocab.strings["soup"]])
    nlp = train(tagger(include_static_vectors=True, characters=True))
    export(nlp, tmp_path / "graph")
    require_same(nlp, tmp_path / "graph")
    doc = Doc(nlp.vocab, words=["They", "sat"])
    nlp.vocab.vectors.data[:] = 0.0
    settings = json.loads((tmp_path / "graph" / "model.json").read_text("utf8"))
    session = InferenceSession(tmp_path / "graph" / "model.onnx")
    found = session.run(None, lexemes.feeds(["They", "sat"], settings))[0]
    difference = abs(nlp.get_pipe("rnn_tagger").probabilities([doc])[0] - found)
    assert difference.max() > 1e-4, "the vector of a word does not tell"


@pytest.mark.parametrize("kind", ["floret", "subwords"])
def test_vectors_of_parts_of_words_are_an_error(kind, nlp, train, tmp_path):
    if kind == "floret":
        data = numpy.ones((10, 4), dtype="f")
        vectors = Vectors(strings=nlp.vocab.strings, mode="floret", data=data, hash_count=1)
    else:
        vectors = SubwordVectors(strings=nlp.vocab.strings, data=numpy.ones((1, 4), dtype="f"))
    nlp.vocab.vectors = vectors
    nlp = train(tagger(include_static_vectors=True))
    with pytest.raises(ExportError, match="got (pretrained subwords|vectors of floret), expected"):
        export(nlp, tmp_path / "graph")


def test_a_graph_that_is_too_large_is_an_error(train, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[export.__module__], "MAX_BYTES", 1000)
    with pytest.raises(ExportError, match="bytes, expected up to 1,000, which ONNX Runtime can"):
        export(train(tagger()), tmp_path / "graph")
    assert not list(tmp_path.iterdir())


def test_what_was_fitted_and_whitespace(train, tmp_path):
    nlp = train(ner(), steps=30)
    pipe: Any = nlp.get_pipe("rnn_ner")
    words = ["We", "liked", "the", "soup", " ", "soup", "."]
    assert any(tag != "O" for tag in iob(pipe, nlp, words))
    for margin in (0.0, -20.0, 20.0):
        pipe.cfg["thresholds"] = {"O": margin}
        export(nlp, tmp_path / "graph")
        ((predicted, _),) = alone(tmp_path / "graph", [words])
        shown = [{"L": "I", "U": "B"}.get(tag[0], tag[0]) for tag in predicted]
        assert shown == iob(pipe, nlp, words)
        assert shown.count("O") == {0.0: 5, -20.0: 7, 20.0: 1}[margin]


def iob(pipe: Any, nlp: Language, words: list[str]) -> list[str]:
    return [token.ent_iob_ for token in pipe(Doc(nlp.vocab, words=words))]


@pytest.mark.parametrize("exclusive", [True, False])
def test_fitted_temperature(exclusive, train, tmp_path):
    name, config = textcat(exclusive=exclusive)
    nlp = train((name, config))
    nlp.get_pipe(name).cfg["temperature"] = 2.5
    export(nlp, tmp_path / "graph")
    require_same(nlp, tmp_path / "graph")


def test_a_listener_brings_its_encoder_along(train, tmp_path):
    listener = {
        "@architectures": "spacy.Tok2VecListener.v1",
        "width": 16,
        "upstream": "rnn_tok2vec",
    }
    name, config = textcat(tok2vec=listener)
    nlp = train(("rnn_tok2vec", {"model": TOK2VEC}), (name, config), tagger())
    for component in (name, "rnn_tagger"):
        export(nlp, tmp_path / component, component)
        require_same(nlp, tmp_path / component)
    nlp.disable_pipe("rnn_tok2vec")
    with pytest.raises(ExportError, match="got a listener and no encoder .* encoder enabled"):
        export(nlp, tmp_path / name, name)


def test_words_are_the_numbers_of_the_vocabulary(nlp):
    nlp.vocab.lookups.add_table("lexeme_norm", {"colour": "color"})
    nlp = type(nlp)(vocab=True).from_bytes(nlp.to_bytes())
    settings = vocabulary(nlp.vocab)
    text = " ".join(TEXTS) + " colour 3rd U.S.A. ... İstanbul straße ㋿ NORM"
    doc = Doc(nlp.vocab, words=text.split(" "))
    for token in doc:
        norm = lexemes.norm(token.text, settings)
        assert norm == token.norm_
        found = {
            attr: norm if attr == "NORM" else of(token.text) for attr, of in ATTRIBUTES.items()
        }
        assert {attr: string_id(each, settings) for attr, each in found.items()} == {
            attr: doc.to_array(attr)[token.i] for attr in ATTRIBUTES
        }
    assert doc[-8].norm_ == "color"
    ids = doc.to_array("ORTH")
    numpy.testing.assert_array_equal(hash_ids(ids, 9), OPS.hash(ids, 9))
    assert string_id("", settings) == 0


def test_norms_of_a_tokenizer_can_be_given(train, tmp_path):
    nlp = train(tagger())
    export(nlp, tmp_path / "graph")
    settings = json.loads((tmp_path / "graph" / "model.json").read_text("utf8"))
    doc = nlp.make_doc("They can't")
    words, norms = [token.text for token in doc], [token.norm_ for token in doc]
    assert norms != [lexemes.norm(word, settings) for word in words]
    session = InferenceSession(tmp_path / "graph" / "model.onnx")
    found = session.run(None, lexemes.feeds(words, settings, norms))[0]
    expected = nlp.get_pipe("rnn_tagger").probabilities([doc])[0]
    numpy.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("components", "name", "message"),
    [
        ([], None, "got no component and the pipeline without components, expected an rnn_tagger,"),
        (
            [tagger(), textcat()],
            None,
            "expected one of rnn_tagger, rnn_textcat. Name it with --com",
        ),
        ([tagger()], "ner", "got the component 'ner' and the pipeline rnn_tagger, expected one of"),
        (
            [tagger(cell="mingru")],
            None,
            r"got the cell 'mingru', expected one of \['gru', 'lstm'\]",
        ),
        (
            [tagger(attrs=["NORM", "POS"], rows=[9, 9])],
            None,
            "got POS, expected attributes .* ORTH",
        ),
        (
            [("rnn_textcat", {"model": {"@architectures": "spacy.TextCatBOW.v3", **BOW}})],
            None,
            "component 'rnn_textcat': got the architecture spacy.TextCatBOW.v3, expected spacy",
        ),
        (
            [tagger(**{"@architectures": "spacy.HashEmbedCNN.v2"}, **CNN)],
            None,
            "got the architecture spacy.HashEmbedCNN.v2, expected spacy-rnn.Tok2Vec.v1 or spacy",
        ),
    ],
)
def test_what_cannot_be_exported(components, name, message, train, tmp_path):
    with pytest.raises(ExportError, match=message):
        export(train(*components), tmp_path / "graph", name)
    assert not list(tmp_path.iterdir())


def test_an_attribute_of_a_languages_own_is_an_error(train, tmp_path):
    nlp = train(tagger())
    nlp.vocab.lex_attr_getters[SUFFIX] = lambda word: word[-2:]
    message = "got other values of SUFFIX in the language 'en', expected attributes that follow"
    nlp.vocab["unseenword"]
    with pytest.raises(ExportError, match=message):
        export(nlp, tmp_path / "graph")


def test_command(train, tmp_path, spacy_cli):
    nlp = train(tagger(), textcat())
    nlp.to_disk(tmp_path / "model")
    out = tmp_path / "new" / "graph"
    call = "rnn", "export", tmp_path / "model", out
    code, printed = spacy_cli(*call, "-c", "rnn_tagger")
    assert code == 0
    assert "Exported the component, 3.5 MB" in printed
    require_same(load_model(tmp_path / "model"), out)
    done = subprocess.run(
        [sys.executable, out / "example.py", "Yes !"], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.replace("'", '"')) == [t.tag_ for t in nlp("Yes !")]

    before = {path.name: path.read_bytes() for path in out.iterdir()}
    code, printed = spacy_cli(*call, "-c", "rnn_textcat")
    assert code == 1
    assert "it is already there, expected a new directory. Choose another name, or" in printed
    code, printed = spacy_cli(*call, "--force")
    assert code == 1
    assert "got no component and the pipeline rnn_tagger, rnn_textcat, expected one of" in printed
    assert before == {path.name: path.read_bytes() for path in out.iterdir()}
    assert spacy_cli(*call, "-c", "rnn_textcat", "--force")[0] == 0
    require_same(load_model(tmp_path / "model"), out)

    (out / "notes.txt").write_text("mine")
    code, printed = spacy_cli(*call, "-c", "rnn_textcat", "--force")
    assert code == 1
    assert "it holds notes.txt, expected an export and nothing else. Move it" in printed
    code, printed = spacy_cli("rnn", "export", tmp_path / "none", tmp_path / "other")
    assert code == 1
    assert "Can't load the pipeline" in printed
    assert not (tmp_path / "other").exists()

import pytest
import spacy
import srsly
from spacy.tokens import DocBin
from spacy.training import Example

from spacy_rnn.cli.explain import explain, faithfulness
from spacy_rnn.errors import UserError

CONFIG = {"model": {"tok2vec": {"width": 16, "rows": [50, 50, 50, 50], "char_ngram_rows": 50}}}
TEXTS = ["It was good.", "It was <not> good."]


def save_pipeline(path, *names):
    nlp = spacy.blank("en")
    for name in names:
        nlp.add_pipe(name, config=CONFIG)
    annotation = {"cats": {"yes": 1.0, "no": 0.0}, "tags": ["A", "B", "C", "."]}
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc(TEXTS[0]), annotation)])
    nlp.to_disk(path)
    DocBin(docs=[nlp.make_doc(text) for text in TEXTS]).to_disk(path / "test.spacy")
    return path


@pytest.fixture
def model(tmp_path):
    return save_pipeline(tmp_path / "model", "rnn_textcat")


def test_table(model, spacy_cli):
    code, printed = spacy_cli("rnn", "explain", model, *TEXTS, "--label", "no")
    assert code == 0
    # An untrained model predicts how often labels occur, each seen once more than it was.
    assert printed.count("no: 0.33") == 2
    assert printed.count("occlusion integrated_gradients attention") == 2
    code, printed = spacy_cli("rnn", "explain", model, TEXTS[0], "-m", "attention")
    assert code == 0
    assert "integrated_gradients" not in printed
    assert printed.count("+0.250") == 4


def test_page_and_json(model, tmp_path, spacy_cli):
    page, data = tmp_path / "new" / "page.html", tmp_path / "data.json"
    for output in (page, data):
        code, printed = spacy_cli("rnn", "explain", model, *TEXTS, "--output", output)
        assert code == 0
        assert "Saved 6 explanations" in printed
    html = page.read_text(encoding="utf8")
    assert html.count("<figure") == 2
    assert html.count("&lt;") == 3
    found = srsly.read_json(data)
    assert [one["method"] for one in found[:3]] == [
        "occlusion",
        "integrated_gradients",
        "attention",
    ]
    assert found[0]["tokens"] == ["It", "was", "good", "."]
    assert len(found[3]["weights"]) == 7


def test_annotated_texts_are_explained_beside_their_labels(model, tmp_path, spacy_cli):
    nlp, docs = spacy.blank("en"), []
    for text in TEXTS:
        docs.append(nlp.make_doc(text))
        docs[-1].cats = {"yes": 0.0, "no": 1.0}
    DocBin(docs=docs).to_disk(tmp_path / "dev.spacy")
    page = tmp_path / "page.html"
    code, printed = spacy_cli(
        "rnn", "explain", model, "--data", tmp_path / "dev.spacy", "-n", 1, "--output", page
    )
    assert code == 0, printed
    html = page.read_text("utf8")
    assert html.count("<figure") == html.count("annotated: <strong>no</strong>") == 1
    assert f'<h1 style="font-size: 1.4em">What {model} (en_pipeline 0.0.0) looks at' in html
    assert "the probability of what is predicted drops by" in html
    code, printed = spacy_cli("rnn", "explain", model)
    assert code == 1
    assert "got no text, expected texts or --data" in " ".join(printed.split())


def test_several_components(tmp_path, spacy_cli):
    model = save_pipeline(tmp_path / "model", "rnn_textcat", "rnn_tagger")
    code, printed = spacy_cli("rnn", "explain", model, TEXTS[0])
    assert code == 1
    assert "expected one of rnn_textcat, rnn_tagger" in printed
    found = explain(model, TEXTS, component="rnn_tagger")
    assert [one.span for one in found if one.method == "occlusion"][:4] == [
        (0, 1),
        (1, 2),
        (2, 3),
        (3, 4),
    ]


def test_nothing_predicted(model, spacy_cli):
    nlp = spacy.load(model)
    nlp.remove_pipe("rnn_textcat")
    ner = nlp.add_pipe("rnn_ner", config=CONFIG)
    ner.add_label("PLACE")
    reference = {"entities": ["O"] * 4}
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc(TEXTS[0]), reference)])
    # The first tag, O, wins everywhere.
    ner.model.get_ref("output_layer").get_param("b")[0] = 50.0
    nlp.to_disk(model)
    code, printed = spacy_cli("rnn", "explain", model, *TEXTS)
    assert code == 0
    assert "Nothing is predicted that could be explained: It was good." in printed
    code, printed = spacy_cli("rnn", "faithfulness", model, model / "test.spacy")
    assert code == 1
    assert "in which it predicts nothing" in printed


def test_faithfulness(model, spacy_cli):
    code, printed = spacy_cli("rnn", "faithfulness", model, model / "test.spacy")
    assert code == 0
    for row in ("comprehensiveness sufficiency", "occlusion ", "attention ", "random "):
        assert row in printed
    assert "Means over 2 predictions" in printed
    found = faithfulness(model, model / "test.spacy", limit=1)
    assert {one.predictions for one in found} == {1}


def test_errors(model, tmp_path, spacy_cli):
    page = tmp_path / "page.html"
    page.write_text("before", encoding="utf8")
    code, printed = spacy_cli("rnn", "explain", model, *TEXTS, "", "--output", page)
    assert code == 1
    assert "got a text without tokens" in printed
    assert page.read_text(encoding="utf8") == "before"
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
    with pytest.raises(UserError, match=r"expected a name that ends in \.html or \.json"):
        explain(model, TEXTS, output=tmp_path / "page.md")
    (tmp_path / "texts.txt").touch()
    with pytest.raises(UserError, match="Can't tell whether .*texts.txt is a text"):
        explain(model, [str(tmp_path / "texts.txt")])
    with pytest.raises(UserError, match="Unknown label for component 'rnn_textcat'"):
        explain(model, TEXTS, label="nope")
    with pytest.raises(UserError, match="Unknown method: got 'nope'"):
        explain(model, TEXTS, methods=["nope"])
    code, printed = spacy_cli("rnn", "explain", tmp_path / "missing", *TEXTS)
    assert code == 1
    assert "Can't load the pipeline" in printed

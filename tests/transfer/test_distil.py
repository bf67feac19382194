"""`spacy rnn distil`: what teachers of all kinds say, as a corpus to train on."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
import spacy
import srsly
import torch
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus, Example
from spacy.util import registry
from thinc.api import Config

from spacy_rnn.annotation import memory
from spacy_rnn.corpus import CorpusError
from spacy_rnn.transfer.distil import load_teacher
from spacy_rnn.transfer.teachers import TokenTeacher, find_entities

Run = Callable[..., tuple[int, str]]
TEXTS = ["They liked the cold soup .", "", "The soup was late .", "not good"]
ENTITIES = {"id2label": {0: "O", 1: "B-FOOD", 2: "I-FOOD"}, "label2id": {"O": 0}}


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS) + "\n", "utf8")
    return path


@pytest.fixture
def pipeline(tmp_path: Path, make_examples: Callable) -> Path:
    """The path of a pipeline that tags, finds entities and classifies, badly."""
    nlp = spacy.blank("en")
    tok2vec = {"@architectures": "spacy-rnn.Tok2Vec.v1", "width": 8, "rows": [50] * 4}
    for name in ("rnn_tagger", "rnn_ner", "rnn_textcat"):
        nlp.add_pipe(name, config={"model": {"tok2vec": tok2vec}})
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(15):
        nlp.update(examples, sgd=optimizer)
    nlp.to_disk(tmp_path / "pipeline")
    return tmp_path / "pipeline"


def read(folder: Path) -> list[Doc]:
    vocab = spacy.blank("en").vocab
    files = sorted(folder.glob("*.spacy"))
    return [doc for file in files for doc in DocBin().from_disk(file).get_docs(vocab)]


def test_a_pipeline_teaches_what_it_predicts(
    spacy_cli: Run, pipeline: Path, texts: Path, tmp_path: Path
):
    out = tmp_path / "out"
    code, output = spacy_cli("rnn", "distil", pipeline, texts, out, "--shard-size", 2)
    assert code == 0, output
    docs, nlp = read(out), spacy.load(pipeline)
    assert [doc.text for doc in docs] == TEXTS
    for doc in docs:
        assert doc.user_data == {}
        expected = nlp(doc.text)
        assert doc.cats == pytest.approx(expected.cats, abs=1e-5)
        assert [token.tag_ for token in doc] == [token.tag_ for token in expected]
        assert doc.to_json()["ents"] == expected.to_json()["ents"]


def test_ids_of_a_column_are_kept(spacy_cli: Run, pipeline: Path, tmp_path: Path):
    rows = [{"text": text, "name": f"t{i}"} for i, text in enumerate(TEXTS)]
    srsly.write_jsonl(tmp_path / "texts.jsonl", rows)
    out = tmp_path / "out"
    code, output = spacy_cli(
        "rnn", "distil", pipeline, tmp_path / "texts.jsonl", out, "--id-column", "name"
    )
    assert code == 0, output
    assert [doc.user_data["id"] for doc in read(out)] == ["t0", "t1", "t2", "t3"]


def test_what_a_pipeline_doubts_is_left_open(
    spacy_cli: Run, pipeline: Path, texts: Path, tmp_path: Path
):
    out, nlp = tmp_path / "out", spacy.load(pipeline)
    docs = [nlp.make_doc(text) for text in TEXTS]
    chances = numpy.concatenate(nlp.get_pipe("rnn_ner").token_probabilities(docs))
    threshold = float(numpy.median(chances)) + 1e-4
    code, output = spacy_cli("rnn", "distil", pipeline, texts, out, "--threshold", threshold)
    assert code == 0, output
    n_open = n_sure = 0
    for doc in read(out):
        expected = nlp(doc.text)
        chances = nlp.get_pipe("rnn_tagger").probabilities([expected])[0].max(axis=1, initial=0)
        tags = [t.tag_ if p >= threshold else "" for t, p in zip(expected, chances, strict=True)]
        assert [token.tag_ for token in doc] == tags
        sure = nlp.get_pipe("rnn_ner").token_probabilities([expected])[0] >= threshold
        in_doubt = {
            i
            for ent in expected.ents
            for i in range(ent.start, ent.end)
            if not sure[ent.start : ent.end].all()
        }
        for i, token in enumerate(doc):
            is_open = not sure[i] or i in in_doubt
            assert (token.ent_iob == 0) == is_open
            n_open, n_sure = n_open + is_open, n_sure + (not is_open)
    assert n_open
    assert n_sure


def test_it_goes_on_where_it_was_left(spacy_cli: Run, pipeline: Path, texts: Path, tmp_path: Path):
    out = tmp_path / "out"
    args = ("rnn", "distil", pipeline, texts, out, "--shard-size", 2)
    assert spacy_cli(*args)[0] == 0
    whole = {file.name: file.read_bytes() for file in out.glob("*.spacy")}
    (out / "000001.spacy").unlink()
    code, output = spacy_cli(*args)
    assert "Annotated 4 texts, 2 of them before" in output
    assert {file.name: file.read_bytes() for file in out.glob("*.spacy")} == whole
    code, output = spacy_cli(*args, "--threshold", 0.9)
    assert code == 1
    assert "has other annotations: model was" in output


def test_a_model_for_sequences_teaches_its_probabilities(
    spacy_cli: Run, save_encoder: Callable, texts: Path, tmp_path: Path
):
    import transformers

    folder = save_encoder("bert", "ForSequenceClassification", num_labels=3)
    code, output = spacy_cli("rnn", "distil", folder, texts, tmp_path / "out")
    assert code == 0, output
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    for doc in read(tmp_path / "out"):
        if not len(doc):
            assert not doc.cats
            continue
        with torch.no_grad():
            logits = model(**tokenizer(doc.text, return_tensors="pt")).logits[0]
        expected = dict(
            zip(["LABEL_0", "LABEL_1", "LABEL_2"], logits.softmax(0).tolist(), strict=True)
        )
        assert doc.cats == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_a_model_for_tokens_teaches_entities(
    spacy_cli: Run, save_encoder: Callable, texts: Path, tmp_path: Path, kind: str
):
    folder = save_encoder(kind, "ForTokenClassification", **ENTITIES)
    code, output = spacy_cli("rnn", "distil", folder, texts, tmp_path / "out")
    assert code == 0, output
    docs = read(tmp_path / "out")
    assert {ent.label_ for doc in docs for ent in doc.ents} <= {"FOOD"}
    assert all(token.ent_iob for doc in docs for token in doc)
    # And it can be learned from.
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_ner").add_label("FOOD")
    examples = list(Corpus(tmp_path / "out")(nlp))
    losses = nlp.update(examples, sgd=nlp.initialize(lambda: examples))
    assert numpy.isfinite(losses["rnn_ner"])


def test_words_get_what_their_first_piece_has(save_encoder: Callable):
    import transformers

    folder = save_encoder("bert", "ForTokenClassification", **ENTITIES)
    teacher = load_teacher(str(folder)).get_pipe("rnn_teacher")
    assert isinstance(teacher, TokenTeacher)
    words = ["The", "soups", "liked", "!"]  # soup ##s
    (found,) = teacher.probabilities([words])
    model = transformers.AutoModelForTokenClassification.from_pretrained(folder).eval()
    batch = teacher.tokenizer(words, is_split_into_words=True, return_tensors="pt")
    with torch.no_grad():
        expected = model(**batch).logits[0].softmax(-1).numpy()[[1, 2, 4, 5]]
    numpy.testing.assert_allclose(found, expected, atol=1e-5)


def test_long_texts_are_read_in_windows(
    spacy_cli: Run, save_encoder: Callable, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    texts = tmp_path / "texts.jsonl"
    rows = [{"text": "the soup was cold . " * 10}, {"text": "good soup"}]
    texts.write_text("\n".join(map(json.dumps, rows)), "utf8")
    sizes = {"max_position_embeddings": 14}
    for head in ("ForTokenClassification", "ForSequenceClassification"):
        folder = save_encoder("bert", head, **(ENTITIES if "Token" in head else {}), **sizes)
        code, output = spacy_cli("rnn", "distil", folder, texts, tmp_path / head)
        assert code == 0, output
        assert caplog.text.count("Texts of more than 12 word pieces are read in windows") == 1
        caplog.clear()
    assert all(token.ent_iob for token in read(tmp_path / "ForTokenClassification")[0])
    assert sum(read(tmp_path / "ForSequenceClassification")[0].cats.values()) == pytest.approx(1.0)


def test_a_teacher_is_loaded_anew_after_many_words(
    spacy_cli: Run, save_encoder: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    texts = tmp_path / "texts.txt"
    texts.write_text("the soup was cold .\n" * 4, "utf8")
    folder = save_encoder("bert", "ForTokenClassification", **ENTITIES)
    annotated = []
    for name in ("once", "anew"):
        code, output = spacy_cli("rnn", "distil", folder, texts, tmp_path / name, "--shard-size", 2)
        assert code == 0, output
        annotated.append([doc.to_json() for doc in read(tmp_path / name)])
        monkeypatch.setattr(memory, "MOST_WORDS", 1)
    assert len(annotated[0]) == 4
    assert annotated[0] == annotated[1]


def test_a_teacher_that_fails_on_a_text_leaves_it_out(
    spacy_cli: Run, pipeline: Path, tmp_path: Path
):
    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"text": "good soup"}\n{"text": 7}\n', "utf8")
    code, output = spacy_cli("rnn", "distil", pipeline, texts, tmp_path / "out")
    assert code == 0
    assert "1 could not be annotated" in output
    assert [doc.text for doc in read(tmp_path / "out")] == ["good soup"]


def entities(labels: str) -> list[tuple[int, int, str]]:
    doc = Doc(Language().vocab, words=["x"] * len(labels.split()))
    return [(e.start, e.end, e.label_) for e in find_entities(doc, labels.split())]


def test_labels_of_any_scheme_make_entities():
    assert entities("B-A I-A O I-B I-A B-A") == [(0, 2, "A"), (3, 4, "B"), (4, 5, "A"), (5, 6, "A")]
    assert entities("B-A L-A U-A S-B O B-B E-B") == [
        (0, 2, "A"),
        (2, 3, "A"),
        (3, 4, "B"),
        (5, 7, "B"),
    ]


def refused(spacy_cli: Run, *args: object) -> str:
    code, output = spacy_cli("rnn", "distil", *args)
    assert code == 1
    return output


def test_what_is_no_teacher_is_refused(
    spacy_cli: Run, save_encoder: Callable, texts: Path, tmp_path: Path
):
    out = tmp_path / "out"
    assert "Can't load the teacher nobody/nothing" in refused(
        spacy_cli, "nobody/nothing", texts, out
    )
    output = refused(spacy_cli, save_encoder(), texts, out)
    assert "expected one for token or sequence classification" in output
    unclear = {"id2label": {0: "O", 1: "FOOD"}, "label2id": {"O": 0, "FOOD": 1}}
    folder = save_encoder("bert", "ForTokenClassification", **unclear)
    assert "Can't tell whether the labels" in refused(spacy_cli, folder, texts, out)
    (tmp_path / "blank").mkdir()
    spacy.blank("en").to_disk(tmp_path / "blank")
    output = refused(spacy_cli, tmp_path / "blank", texts, out, "--threshold", 0.5)
    assert "expected rnn_ner or rnn_tagger for a threshold" in output
    assert "Invalid threshold: got 1.5" in refused(spacy_cli, folder, texts, out, "-t", 1.5)
    assert not out.exists()


GOLD = {"cats": {"bad": 1.0, "good": 0.0}, "tags": ["N", "V"], "entities": ["U-FOOD", "O"]}


@pytest.fixture
def mixed(tmp_path: Path) -> Callable[..., Callable[[Language], list[Example]]]:
    """RETURNS: A function that makes a corpus of gold, and of data like it with other labels."""

    def save(name: str, annotation: dict) -> str:
        doc = Doc(spacy.blank("en").vocab, words=["soup", "cools"])
        example = Example.from_dict(doc, annotation)
        DocBin(docs=[example.reference]).to_disk(tmp_path / name)
        return f'@readers = "spacy.Corpus.v1"\ngold_preproc = true\npath = "{tmp_path / name}"'

    def make(other: dict, repeats: int = 2) -> Callable[[Language], list[Example]]:
        gold, distilled = save("gold.spacy", GOLD), save("distilled.spacy", {**GOLD, **other})
        text = (
            f'[train]\n@readers = "spacy-rnn.WithDistilled.v1"\ngold_repeats = {repeats}\n'
            f"[train.gold]\n{gold}\n[train.distilled]\n{distilled}"
        )
        return registry.resolve(Config().from_str(text))["train"]

    return make


def test_a_corpus_of_both_has_gold_several_times(nlp: Language, mixed: Callable):
    soft = {"cats": {"bad": 0.75, "good": 0.25}}
    cats = [example.reference.cats for example in mixed(soft, repeats=3)(nlp)]
    assert [each["bad"] for each in cats] == [1.0, 1.0, 1.0, 0.75]
    with pytest.raises(ValueError, match="Invalid gold_repeats: got 0"):
        mixed(soft, repeats=0)


def test_a_teacher_that_said_nothing_is_refused(nlp: Language, mixed: Callable, tmp_path: Path):
    corpus = mixed({})
    DocBin().to_disk(tmp_path / "distilled.spacy")
    with pytest.raises(CorpusError, match="distilled corpus gave no texts"):
        list(corpus(nlp))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            {"cats": {"bad": 0.5, "fine": 0.5}},
            "other categories .* got fine, expected .* bad, good",
        ),
        ({"tags": ["N", "NN"]}, "other tags .* got NN, expected some of N, V"),
        ({"entities": ["U-MEAL", "O"]}, "other entities .* got MEAL, expected some of FOOD"),
    ],
)
def test_labels_that_gold_lacks_are_refused(nlp: Language, mixed: Callable, other, message):
    with pytest.raises(CorpusError, match=message):
        list(mixed(other)(nlp))


def test_a_config_for_both_is_written_and_trains(
    spacy_cli: Run, save_encoder: Callable, texts: Path, tmp_path: Path, make_examples: Callable
):
    folder = save_encoder("bert", "ForTokenClassification", **ENTITIES)
    out, config = tmp_path / "out", tmp_path / "config.cfg"
    assert spacy_cli("rnn", "distil", folder, texts, out)[0] == 0
    code, output = spacy_cli("rnn", "init", config, "--task", "ner", "--distilled", out)
    assert code == 0, output
    doc = Doc(spacy.blank("en").vocab, words=["soup", "cools"])
    gold = Example.from_dict(doc, {"entities": ["U-FOOD", "O"]}).reference
    DocBin(docs=[gold]).to_disk(tmp_path / "gold.spacy")
    paths = [f"--paths.{split}={tmp_path / 'gold.spacy'}" for split in ("train", "dev")]
    steps = "--training.optimizer.learn_rate.total_steps=3"
    code, output = spacy_cli("train", config, "--output", tmp_path / "model", *paths, steps)
    assert code == 0, output
    assert spacy.load(tmp_path / "model/model-last").get_pipe("rnn_ner").labels == ("FOOD",)


def test_texts_may_be_compressed(spacy_cli: Run, pipeline: Path, texts: Path, tmp_path: Path):
    packed = tmp_path / "texts.txt.gz"
    packed.write_bytes(gzip.compress(texts.read_bytes()))
    code, output = spacy_cli("rnn", "distil", pipeline, packed, tmp_path / "out")
    assert code == 0, output
    assert [doc.text for doc in read(tmp_path / "out")] == TEXTS

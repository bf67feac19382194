"""`spacy rnn compare`: what it refuses. What it does is tested where it is done."""

from spacy.tokens import Doc, DocBin


def test_compare_refuses(nlp, tmp_path, spacy_cli):
    docs = [Doc(nlp.vocab, words=["a"]) for _ in range(20)]
    for i, doc in enumerate(docs):
        doc.cats = {"x": float(i % 2), "y": float(i % 2 == 0)}
    for split in ("train", "dev", "test"):
        DocBin(docs=docs).to_disk(tmp_path / f"{split}.spacy")
    for options, message in (
        (("--systems", "lstn"), "Unknown system: got 'lstn', expected one of lstm, gru"),
        (("--task", "parser"), "Unknown task: got 'parser', expected one of textcat"),
        (
            ("--score", "ents_f"),
            "Unknown score: got 'ents_f', expected one of cats_micro_f, cats_macro_f",
        ),
        (("--recipe", "none"), "Unknown recipe: got 'none', expected one of"),
        (
            ("--training.dropuot", "1"),
            "Unknown setting: got training.dropuot, which the config of lstm lacks",
        ),
    ):
        code, printed = spacy_cli("rnn", "compare", tmp_path, tmp_path / "out", *options)
        assert code == 1, printed
        assert message in printed
    assert not (tmp_path / "out").exists()


def test_an_interruption_says_how_to_go_on(tmp_path, monkeypatch, spacy_cli):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("spacy_rnn.analysis.compare", interrupt)
    code, printed = spacy_cli("rnn", "compare", tmp_path, tmp_path / "out")
    assert code == 130
    assert "give the same command again to go on" in printed

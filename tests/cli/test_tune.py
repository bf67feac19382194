"""`spacy rnn tune`: what it refuses. What it does is tested where it is done."""

from spacy_rnn.recipes import make_config


def test_tune_refuses(tmp_path, spacy_cli):
    config = tmp_path / "config.cfg"
    config.write_text(make_config(["textcat"]), encoding="utf8")
    space = tmp_path / "space.cfg"
    space.write_text('[tune]\ntraining.dropout = {"low": 0.5, "high": 0.1}\n', encoding="utf8")
    for options, message in (
        (("--training.dropuot", "1"), "Unknown setting: got training.dropuot, which the config"),
        (("--sampler", "best"), "Unknown sampler: got 'best', expected tpe, random, grid"),
        (("--space", tmp_path / "none.cfg"), "Can't find the space"),
        (("--space", config), "expected a block [tune]"),
        (("--space", space), "Empty range in [tune]: got training.dropout from 0.5 to 0.1"),
        (("--paths.train", tmp_path / "none.spacy"), "got no documents from its train_corpus"),
    ):
        code, printed = spacy_cli("rnn", "tune", config, tmp_path / "out", *options)
        assert code == 1, printed
        assert message in printed
    assert not (tmp_path / "out").exists()


def test_an_interruption_says_how_to_go_on(tmp_path, monkeypatch, spacy_cli):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("spacy_rnn.analysis.tuning.tune", interrupt)
    (tmp_path / "a.cfg").write_text(make_config(["tagger"]))
    code, printed = spacy_cli("rnn", "tune", tmp_path / "a.cfg", tmp_path / "out")
    assert code == 130
    assert "give the same command again to go on" in printed

"""The tables of accuracy.py: what is trained on what."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ablations
from harness import ROOT
from runs import Row, Table

OURS = ROOT / "configs"
PROGRAMS = Path(__file__).resolve().parent
RIVALS = PROGRAMS / "configs"

# The config that is made for the texts of a set, configs/textcat_*.cfg.
REGIMES = {
    "banking77": "intents",
    "clinc150": "intents",
    "sst2": "sentences",
    "ag_news": "paragraphs",
    "imdb": "long",
}


def tables() -> dict[str, Table]:
    """RETURNS (Dict[str, Table]): The tables by name."""
    found = {**text_tables(), **entity_tables(), **tag_tables()}
    return {**found, **subword_tables(found), **ablation_tables(found)}


def cell(component: str) -> str:
    return f"components.{component}.model.tok2vec.cell"


def text_tables() -> dict[str, Table]:
    gru, ensemble = {cell("rnn_textcat"): "gru"}, RIVALS / "textcat_ensemble.cfg"
    stock, ours = RIVALS / "textcat_torch_bilstm.cfg", OURS / "textcat.cfg"
    sample = [
        Row("spaCy bag of words", RIVALS / "textcat_bow.cfg"),
        Row("spaCy CNN", RIVALS / "textcat_cnn.cfg"),
        Row("spaCy ensemble", ensemble),
        Row("spaCy ensemble, trained like rnn_textcat", ensemble, training=ours),
        Row("spaCy TorchBiLSTM", stock),
        Row("spaCy TorchBiLSTM, trained like rnn_textcat", stock, training=ours),
        Row("rnn_textcat lstm", ours),
        Row("rnn_textcat gru", ours, gru),
    ]
    tables = {
        "sample": Table(
            corpus=ROOT / "corpus" / "sample" / "textcat",
            commands=("prepare",),
            scores=("cats_macro_f", "cats_micro_f"),
            gold_preproc=False,
            rows=sample,
        )
    }
    for name, regime in REGIMES.items():
        config = OURS / f"textcat_{regime}.cfg"
        rows = [
            Row("TF-IDF, LinearSVC", PROGRAMS / "linear.py"),
            Row("spaCy bag of words", RIVALS / "textcat_bow.cfg"),
            Row("spaCy CNN", RIVALS / "textcat_cnn.cfg"),
            Row("spaCy ensemble", ensemble),
            Row("rnn_textcat lstm", config),
            Row("rnn_textcat gru", config, gru),
        ]
        if name == "imdb":
            windows = {"components.rnn_textcat.model.window": 50}
            rows += [
                Row("rnn_textcat lstm, windows", config, windows),
                Row("rnn_textcat gru, windows", config, {**gru, **windows}),
            ]
        scores = ("cats_micro_f", "cats_macro_f")
        tables[name] = Table(
            corpus=ROOT / "corpus" / "hub" / name,
            commands=(f"hub-{name}",),
            scores=(*scores, "oos_auroc") if name == "clinc150" else scores,
            gold_preproc=False,
            rows=rows,
        )
    multilabel = OURS / "textcat_multilabel.cfg"
    tables["clinc150_rare"] = Table(
        corpus=ROOT / "corpus" / "hub" / "clinc150_rare",
        commands=("hub-clinc150",),
        scores=("cats_macro_ap", "cats_macro_f"),
        gold_preproc=False,
        rows=[
            Row("TF-IDF, LinearSVC", PROGRAMS / "linear.py"),
            Row("spaCy bag of words", RIVALS / "textcat_multilabel_bow.cfg"),
            Row("spaCy ensemble", RIVALS / "textcat_multilabel_ensemble.cfg"),
            Row("rnn_textcat_multilabel lstm", multilabel),
            Row("rnn_textcat_multilabel gru", multilabel, {cell("rnn_textcat_multilabel"): "gru"}),
        ],
    )
    return tables


def entity_tables() -> dict[str, Table]:
    config = OURS / "ner.cfg"
    rows = [
        Row("spaCy ner, CNN", RIVALS / "ner_cnn.cfg"),
        Row("spaCy ner, TorchBiLSTM", RIVALS / "ner_torch_bilstm.cfg"),
        Row("rnn_ner lstm", config, {cell("rnn_ner"): "lstm"}, calibrate=True),
        Row("rnn_ner gru", config, {cell("rnn_ner"): "gru"}, calibrate=True),
        Row("rnn_ner, efficiency", OURS / "ner_efficiency.cfg", calibrate=True),
    ]
    corpora = {
        "uner": ROOT / "corpus" / "ner" / "uner",
        "wnut17": ROOT / "corpus" / "ner" / "wnut17",
        "sample-ner": ROOT / "corpus" / "sample" / "ner",
    }
    return {
        name: Table(
            corpus=corpus,
            commands=("prepare",) if name == "sample-ner" else ("ner-assets", "ner-convert"),
            scores=("ents_f", "ents_p", "ents_r"),
            gold_preproc=True,
            rows=rows,
        )
        for name, corpus in corpora.items()
    }


def tag_tables() -> dict[str, Table]:
    config, lstm, gru = OURS / "tagger.cfg", *({cell("rnn_tagger"): c} for c in ("lstm", "gru"))
    small, joint = OURS / "tagger_efficiency.cfg", OURS / "ud.cfg"
    cnn, stock = RIVALS / "tagger_cnn.cfg", RIVALS / "tagger_torch_bilstm.cfg"
    cnn_speed, stock_speed = "spaCy CNN", "spaCy TorchBiLSTM 256 x 2"
    table = Table(
        corpus=ROOT / "corpus" / "ud" / "UD_English-EWT",
        commands=("ud-assets", "ud-convert"),
        scores=("tag_acc",),
        gold_preproc=True,
        rows=[
            Row("spaCy CNN", cnn, speed=cnn_speed),
            Row("spaCy CNN, trained like rnn_tagger", cnn, training=config, speed=cnn_speed),
            Row("spaCy TorchBiLSTM", stock, speed=stock_speed),
            Row("spaCy TorchBiLSTM, trained like rnn_tagger", stock, {}, config, stock_speed),
            Row("rnn_tagger lstm", config, lstm, speed="rnn_tagger lstm 256 x 2"),
            Row("rnn_tagger gru", config, gru, speed="rnn_tagger gru 256 x 2"),
            Row("rnn_tagger, efficiency", small, speed="rnn_tagger lstm 128 x 1"),
        ],
    )
    # Where `spacy project run vectors` puts the table of word vectors.
    vectors = {
        "paths.vectors": "corpus/vectors",
        "components.rnn_tagger.model.tok2vec.include_static_vectors": True,
    }
    with_vectors = [Row("rnn_tagger lstm, vectors", config, {**lstm, **vectors})]
    with_morphologizer = [
        Row(f"rnn_tagger and morphologizer {c}", joint, {"components.tok2vec.model.cell": c})
        for c in ("lstm", "gru")
    ]
    return {
        "ud": table,
        "ud-vectors": replace(table, rows=with_vectors),
        "ud-joint": replace(
            table, rows=with_morphologizer, scores=("tag_acc", "pos_acc", "morph_acc")
        ),
    }


# Table -> rows that get pretrained subwords, and the steps that they train with: for WNUT-17 found
# on dev, for UNER half of what they are without.
SUBWORDS = {
    "wnut17": ({"rnn_ner gru": "rnn_ner"}, 300),
    "uner": ({"rnn_ner gru": "rnn_ner"}, 1200),
    "ud": ({"rnn_tagger lstm": "rnn_tagger", "rnn_tagger, efficiency": "rnn_tagger"}, None),
    "sst2": ({"rnn_textcat lstm": "rnn_textcat"}, None),
}


def subword_tables(tables: Mapping[str, Table]) -> dict[str, Table]:
    """RETURNS (Dict[str, Table]): Tables with subwords from `spacy rnn subwords` in
    corpus/subwords.
    """
    found = {}
    for name, (components, steps) in SUBWORDS.items():
        rows = []
        for row in tables[name].rows:
            if component := components.get(row.name):
                overrides: dict[str, Any] = {
                    **row.overrides,
                    "paths.vectors": "corpus/subwords",
                    "nlp.vectors.@vectors": "spacy-rnn.SubwordVectors.v1",
                    f"components.{component}.model.tok2vec.include_static_vectors": True,
                }
                if steps is not None:
                    schedule = "training.optimizer.learn_rate"
                    overrides |= {
                        f"{schedule}.total_steps": steps,
                        f"{schedule}.warmup_steps": 100,
                        "training.eval_frequency": 100,
                    }
                rows.append(replace(row, name=f"{row.name}, subwords", overrides=overrides))
        found[f"{name}-subwords"] = replace(tables[name], rows=rows)
    return found


def ablation_tables(tables: Mapping[str, Table]) -> dict[str, Table]:
    """tables (Mapping[str, Table]): Where the data and the configs are from."""
    found = {}
    for name, (component, _) in ablations.TASKS.items():
        config = next(r.config for r in tables[name].rows if r.name.startswith(component))
        rows = [
            Row(row, config, ablations.overrides(component, settings))
            for row, settings in ablations.rows().items()
        ]
        found[f"ablations-{name}"] = replace(tables[name], rows=rows, evaluated=("dev",))
    return found

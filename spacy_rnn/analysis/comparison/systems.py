"""What is compared: our components with several cells, and their rivals."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacy import util
from thinc.api import Config

from ...recipes import make_config
from ..configs import checked
from ..decisions import Kind
from ..judges import kind_of
from ..problems import AnalysisError

# Systems that are no pipeline; see `baselines`.
BASELINES: dict[Kind, tuple[str, ...]] = {
    "textcat": ("tfidf", "majority"),
    "textcat_multilabel": ("tfidf", "majority"),
    "tagger": ("majority",),
    "ner": (),
}
# What differs from the recipe of the task.
OURS: dict[str, dict[str, Any]] = {
    "lstm": {"cell": "lstm", "depth": 1},
    "gru": {"cell": "gru", "depth": 1},
    "mingru": {"cell": "mingru", "depth": 1},
    "lstm-x2": {"cell": "lstm", "depth": 2, "residual": True},
    "gru-x2": {"cell": "gru", "depth": 2, "residual": True},
    "mingru-x2": {"cell": "mingru", "depth": 2, "residual": True},
    "lstm-gru": {"cell": ["lstm", "gru"], "depth": 2, "residual": True},
}
# The optimizer and dropout that `spacy init config` writes.
TRAINING = {
    "dropout": 0.1,
    "optimizer": {
        "@optimizers": "Adam.v1",
        "L2": 0.01,
        "L2_is_weight_decay": True,
        "grad_clip": 1.0,
        "use_averages": False,
        "learn_rate": 0.001,
    },
}
EMBED = {
    "@architectures": "spacy.MultiHashEmbed.v2",
    "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
    "rows": [5000, 1000, 2500, 2500],
    "include_static_vectors": False,
}
CNN = {
    "@architectures": "spacy.Tok2Vec.v2",
    "embed": {**EMBED, "width": 96},
    "encode": {
        "@architectures": "spacy.MaxoutWindowEncoder.v2",
        "width": 96,
        "depth": 4,
        "window_size": 1,
        "maxout_pieces": 3,
    },
}
TORCH_BILSTM = {
    "@architectures": "spacy.Tok2Vec.v2",
    "embed": {**EMBED, "width": 128},
    "encode": {
        "@architectures": "spacy.TorchBiLSTMEncoder.v1",
        "width": 128,
        "depth": 1,
        "dropout": 0.0,
    },
}
LINEAR = {
    "@architectures": "spacy.TextCatBOW.v3",
    "ngram_size": 1,
    "no_output_layer": False,
    "length": 262144,
}
REDUCE = {
    "@architectures": "spacy.TextCatReduce.v1",
    "use_reduce_first": False,
    "use_reduce_last": False,
    "use_reduce_max": False,
    "use_reduce_mean": True,
}
TRANSITIONS = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 64,
    "maxout_pieces": 2,
    "use_upper": True,
}


def rivals(kind: Kind) -> dict[str, dict[str, Any]]:
    """RETURNS (Dict[str, Dict[str, Any]]): Models of spaCy's own component for a task, by name."""
    if kind == "tagger":
        tagger = {"@architectures": "spacy.Tagger.v2", "normalize": False}
        return {
            "cnn": {**tagger, "tok2vec": CNN},
            "torch-bilstm": {**tagger, "tok2vec": TORCH_BILSTM},
        }
    if kind == "ner":
        return {
            "ner": {**TRANSITIONS, "tok2vec": CNN},
            "torch-bilstm": {**TRANSITIONS, "tok2vec": TORCH_BILSTM},
        }
    exclusive = {"exclusive_classes": kind == "textcat"}
    ensemble = {
        "@architectures": "spacy.TextCatEnsemble.v2",
        "tok2vec": CNN,
        "linear_model": {**LINEAR, **exclusive},
    }
    return {
        "bow": {**LINEAR, **exclusive},
        "cnn": {**REDUCE, **exclusive, "tok2vec": CNN},
        "ensemble": ensemble,
        "torch-bilstm": {**REDUCE, **exclusive, "tok2vec": TORCH_BILSTM},
    }


def systems(kind: Kind) -> list[str]:
    """RETURNS (List[str]): The names of all systems for a task."""
    return [*OURS, *rivals(kind), *BASELINES[kind]]


def system_config(
    name: str,
    kind: Kind,
    recipe: str,
    lang: str,
    steps: int | None,
    overrides: Mapping[str, Any],
) -> str | None:
    """Write the config that a system is trained with.

    name (str): The name of the system, or the path of a config file.
    kind (str): The task.
    recipe (str): The recipe that ours follow, and whose data and batches all have.
    lang (str): The language.
    steps (Optional[int]): Training steps. The recipe's by default.
    overrides (Mapping[str, Any]): Settings for all systems, by dotted name.
    RETURNS (Optional[str]): The config. None for a baseline, which has none.
    RAISES (AnalysisError): If there is no such system or setting.
    """
    if name in BASELINES[kind]:
        return None
    nlp = checked(name, _config(name, kind, recipe, lang, steps), overrides)
    if kind not in {kind_of(pipe) for _, pipe in nlp.pipeline}:
        raise AnalysisError(
            f"{name} can't be compared: got the components {', '.join(nlp.pipe_names) or 'none'}, "
            f"expected one for {kind}. Write another config, or name the task with --task."
        )
    return nlp.config.to_str(interpolate=False)


def _config(name: str, kind: Kind, recipe: str, lang: str, steps: int | None) -> Config:
    path = Path(name)
    if path.suffix == ".cfg" and path.is_file():
        return util.load_config(path, interpolate=False)
    if name in OURS:
        config = _recipe(recipe, lang, steps)
        component = config["nlp"]["pipeline"][0]
        config["components"][component]["model"]["tok2vec"].update(OURS[name])
        return config
    if name in rivals(kind):
        return _rival(_recipe(recipe, lang, steps), kind, rivals(kind)[name])
    raise AnalysisError(
        f"Unknown system: got '{name}', expected one of {', '.join(systems(kind))}, or the path of "
        "a config that ends in .cfg."
    )


def _recipe(name: str, lang: str, steps: int | None) -> Config:
    config = Config().from_str(make_config([name], lang=lang), interpolate=False)
    if steps is not None:
        training = config["training"]
        training["optimizer"]["learn_rate"]["total_steps"] = steps
        training["optimizer"]["learn_rate"]["warmup_steps"] = min(100, steps // 10)
        # The last step is evaluated.
        often = -(-steps // training["eval_frequency"]) or 1
        training["eval_frequency"] = max(1, steps // max(often, 5))
    return config


def _rival(config: Config, kind: Kind, model: dict[str, Any]) -> Config:
    """Put spaCy's component and its training in the place of ours."""
    steps = config["training"]["optimizer"]["learn_rate"]["total_steps"]
    config["nlp"]["pipeline"] = [kind]
    config["components"] = {kind: {"factory": kind, "model": model}}
    config["training"].update(TRAINING, max_steps=steps)
    config["training"].pop("score_weights", None)
    config.pop("pretraining", None)
    return config

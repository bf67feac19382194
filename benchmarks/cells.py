"""Compare recurrent cells, at equal width and with equally many weights: scores on dev and speed.

Trainings whose result is there, with the same config and data, are not repeated.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from accuracy import Run, require_files, run_all
from harness import (
    RESULTS,
    ROOT,
    BenchmarkError,
    Task,
    environment,
    interleave,
    limit_threads,
    rate,
    read_json,
    say,
    write_json,
)
from report import environment_line, number, percent, spread, table
from tables import Row, Table, tables

CELLS: dict[str, dict[str, Any]] = {
    "lstm 128 x 1": {"cell": "lstm", "width": 128, "depth": 1},
    "gru 128 x 1": {"cell": "gru", "width": 128, "depth": 1},
    "gru 128 x 1, reset_after = false": {
        "cell": "gru",
        "width": 128,
        "depth": 1,
        "reset_after": False,
    },
    "mingru 128 x 1": {"cell": "mingru", "width": 128, "depth": 1},
    # As many weights in the encoder as the LSTM has.
    "gru 148 x 1": {"cell": "gru", "width": 148, "depth": 1},
    "mingru 128 x 3": {"cell": "mingru", "width": 128, "depth": 3},
}
TASKS = {"ud": "rnn_tagger", "uner": "rnn_ner"}
BASELINE, *_ = CELLS


def cell_table(task: str, steps: int | None) -> Table:
    """RETURNS (Table): The table of tables.py for a task, with a row for each cell.

    task (str): The table's name there.
    steps (Optional[int]): Steps of training. Those of the config by default.
    """
    found, component = tables()[task], TASKS[task]
    config = next(row.config for row in found.rows if row.name.startswith(component))
    length = {} if steps is None else {"training.max_steps": steps}
    rows = []
    for name, settings in CELLS.items():
        tok2vec = {f"components.{component}.model.tok2vec.{k}": v for k, v in settings.items()}
        rows.append(Row(name, config, {**tok2vec, **length}))
    return replace(found, rows=rows)


def trainings(seeds: Sequence[int], steps: int | None, output: Path, work: Path) -> list[Run]:
    """RETURNS (List[Run]): All trainings, seed by seed.
    RAISES (BenchmarkError): If data or configs are missing.
    """
    found = {task: cell_table(task, steps) for task in TASKS}
    for each in found.values():
        require_files(each, each.rows)
    runs = []
    for seed in seeds:
        for task, each in found.items():
            for row in each.rows:
                place = Path(task) / f"{row.slug}-seed{seed}"
                result = output / place.with_suffix(".json")
                runs.append(Run(each, row, seed, result, work / place))
    return runs


def speed(texts: Sequence[str], rounds: int) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The encoder's weights by cell, and words/s of a tagger, predicting
    on texts that it has not read before and training, interleaved.
    """
    from sections import read, update
    from systems import initialized, with_component
    from texts import count_words

    parts = [texts[i :: rounds + 1] for i in range(rounds + 1)]
    words = [count_words(part) for part in parts]

    def predict(nlp: Any) -> Task:
        return lambda number: rate("words", words[number], lambda: read(nlp, parts[number]))

    def train(nlp: Any) -> Task:
        return update(nlp, texts[:500])

    pipelines = {}
    for name, settings in CELLS.items():
        tok2vec = {"@architectures": "spacy-rnn.Tok2Vec.v1", **settings}
        model = {"@architectures": "spacy-rnn.Tagger.v1", "tok2vec": tok2vec}
        pipelines[name] = initialized(with_component("rnn_tagger", model), texts[:100])
    rows = []
    for kind, task in (("prediction", predict), ("training", train)):
        tasks = {name: task(nlp) for name, nlp in pipelines.items()}
        rows += interleave(kind, tasks, rounds, BASELINE)
    return {"weights": {name: weights(nlp) for name, nlp in pipelines.items()}, "rows": rows}


def weights(nlp: Any) -> int:
    """RETURNS (int): How many weights the encoder of a tagger has."""
    encode = nlp.get_pipe("rnn_tagger").model.get_ref("tok2vec").get_ref("encode")
    return sum(weight.numel() for shim in encode.shims for weight in shim._model.parameters())


def markdown(output: Path) -> str:
    """RETURNS (str): The table of all results that there are.
    RAISES (BenchmarkError): If nothing was timed.
    """
    if not (output / "speed.json").exists():
        raise BenchmarkError(f"No timings in {output}: run cells.py with --rounds 1 or more first.")
    timed = read_json(output / "speed.json")
    header = ["", "weights of the encoder"]
    header += [f"{kind}, words/s" for kind in ("prediction", "training")]
    scores = {task: tables()[task].scores[0] for task in TASKS}
    header += [f"{task} {score}, dev" for task, score in scores.items()]
    body = []
    for name in CELLS:
        cells = [f"{timed['weights'][name]:,}"]
        for kind in ("prediction", "training"):
            row = next(r for r in timed["rows"] if (r["case"], r["system"]) == (kind, name))
            ratio = spread(row["ratio"], row["ratio_low"], row["ratio_high"], ".2f")
            cells.append(f"{number(row['median'])}, {ratio}x")
        for task, score in scores.items():
            paths = sorted((output / task).glob("*-seed*.json"))
            found = [result for result in map(read_json, paths) if result["row"] == name]
            values = [result["dev"][score] for result in found]
            cells.append(f"{percent(values)} ({len(values)})" if values else "-")
        body.append([name, *cells])
    note = (
        "Scores in percent on dev, mean ± standard deviation over (so many) seeds. Words/s of a "
        f"tagger with the ratio to {BASELINE}, median with the lowest and highest of "
        f"{timed['rounds']} interleaved rounds.\n"
    )
    return "\n".join(["# Cells\n", f"{environment_line(timed)}\n", note, table(header, body)])


def parser() -> ArgumentParser:
    options = ArgumentParser(description=__doc__)
    add = options.add_argument
    add("--seeds", nargs="*", type=int, default=[0, 1, 2], help="seeds (default: 0 1 2)")
    add("--steps", type=int, help="steps of training (default: those of the configs)")
    add("--jobs", type=int, default=1, help="trainings at a time, each on one thread (default: 1)")
    add("--rounds", type=int, default=7, help="rounds of timing, 0 to keep the last (default: 7)")
    add("--output", type=Path, default=RESULTS / "cells", help="directory of the results")
    add("--work", type=Path, default=ROOT / "training" / "cells", help="for logs and models")
    return options


def main(args: Sequence[str] | None = None) -> int:
    options = parser().parse_args(args)
    limit_threads(1)
    # Only now, so that their libraries start with one thread.
    from texts import default_texts, read_texts

    try:
        if options.rounds:
            timed = speed(read_texts(default_texts()), options.rounds)
            result = {**environment(), "threads": 1, "rounds": options.rounds, **timed}
            write_json(options.output / "speed.json", result)
        runs = trainings(options.seeds, options.steps, options.output, options.work)
        code = run_all(runs, max(1, options.jobs), keep=False)
        text = markdown(options.output)
    except BenchmarkError as error:
        say(str(error))
        return 1
    options.output.with_suffix(".md").write_text(text, encoding="utf8")
    print(text)
    return code


if __name__ == "__main__":
    sys.exit(main())

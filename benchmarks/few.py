"""What pretrained subwords bring where few sentences are annotated: `rnn_ner` on samples of the
training sentences, with and without them. A run whose result is there is not repeated.
"""

import random
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness import ROOT, environment, limit_threads, read_json, say, write_json
from report import percent
from report import table as markdown

CONFIG = ROOT / "configs" / "ner.cfg"
# Annotated sentences -> steps, words of a batch.
SCHEDULES = {100: (150, 400), 1000: (300, 1000)}


def settings(n_sentences: int, seed: int, vectors: Path | None) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What differs from the recipe, by dotted name."""
    steps, words = SCHEDULES[n_sentences]
    rate = "training.optimizer.learn_rate"
    found = {
        "system.seed": seed,
        "training.batcher.size": words,
        "training.eval_frequency": steps // 5,
        f"{rate}.total_steps": steps,
        f"{rate}.warmup_steps": steps // 10,
    }
    if vectors is not None:
        found["paths.vectors"] = str(vectors)
        found["nlp.vectors.@vectors"] = "spacy-rnn.SubwordVectors.v1"
        found["components.rnn_ner.model.tok2vec.include_static_vectors"] = True
    return found


def measure(corpus: Path, n_sentences: int, seed: int, vectors: Path | None) -> dict[str, Any]:
    """Train on a sample, and evaluate the model that is best on dev.

    corpus (Path): Directory of train, dev and test.spacy, with a sentence in each document.
    n_sentences (int): Size of the sample.
    seed (int): Of the sample and of the training.
    vectors (Optional[Path]): What `spacy rnn subwords` wrote.
    RETURNS (Dict[str, Any]): The run, with its scores.
    """
    import spacy
    from spacy.tokens import DocBin
    from spacy.training import Corpus
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train

    docs = list(DocBin().from_disk(corpus / "train.spacy").get_docs(spacy.blank("en").vocab))
    with TemporaryDirectory() as folder:
        sample = Path(folder, "train.spacy")
        DocBin(docs=random.Random(seed).sample(docs, n_sentences)).to_disk(sample)
        overrides = settings(n_sentences, seed, vectors)
        overrides |= {"paths.train": str(sample), "paths.dev": str(corpus / "dev.spacy")}
        config = spacy.util.load_config(CONFIG, overrides=overrides, interpolate=False)
        train(init_nlp(config), Path(folder), stdout=sys.stderr, stderr=sys.stderr)
        nlp = spacy.load(Path(folder, "model-best"))
        scores = {}
        for split in ("dev", "test"):
            gold = list(Corpus(corpus / f"{split}.spacy", gold_preproc=True)(nlp))
            scores[split] = nlp.evaluate(gold)["ents_f"]
    return {"sentences": n_sentences, "seed": seed, "subwords": vectors is not None, **scores}


def table(runs: Sequence[dict[str, Any]]) -> str:
    """RETURNS (str): Mean and spread over seeds, in Markdown."""
    body = []
    for key in sorted({(run["sentences"], run["subwords"]) for run in runs}):
        same = [run for run in runs if (run["sentences"], run["subwords"]) == key]
        cells = [str(key[0]), "with subwords" if key[1] else "without"]
        for split in ("dev", "test"):
            cells.append(percent([run[split] for run in same]))
        body.append([*cells, str(len(same))])
    return markdown(["sentences", "", "dev", "test", "seeds"], body, 2)


def main(args: Sequence[str] | None = None) -> int:
    options = ArgumentParser(description=__doc__)
    add = options.add_argument
    add("corpus", type=Path, help="directory of train, dev and test.spacy, a sentence a document")
    add("--vectors", type=Path, required=True, help="what spacy rnn subwords wrote")
    add("--sentences", nargs="+", type=int, choices=SCHEDULES, default=[*SCHEDULES])
    add("--seeds", nargs="+", type=int, default=[0, 1])
    add("--output", type=Path, required=True, help="JSON file to write")
    parsed = options.parse_args(args)
    limit_threads(1)
    runs = read_json(parsed.output)["runs"] if parsed.output.exists() else []
    for n_sentences in parsed.sentences:
        for seed in parsed.seeds:
            for vectors in (None, parsed.vectors):
                key = {"sentences": n_sentences, "seed": seed, "subwords": vectors is not None}
                if any(key.items() <= run.items() for run in runs):
                    continue
                runs.append(measure(parsed.corpus, n_sentences, seed, vectors))
                say(str(runs[-1]))
                write_json(parsed.output, {"runs": runs, **environment()})
    print(table(runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())

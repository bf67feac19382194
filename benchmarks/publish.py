"""Make a student ready to be passed on: it finds sentences, its weights take half the space, and it
has a card that says what it was made of and how good, large and fast it is, from which 'spacy
package' writes README.md.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

import spacy
import srsly
from spacy.training import Corpus
from students import compare

from spacy_rnn.files import replacing
from spacy_rnn.layers.weights import half_precision

SCORES = ("tag_acc", "ents_f", "ents_p", "ents_r", "ents_per_type")
NOTES = """\
### Licences of the sources

{licences}

### Speed and size

On the test split and its own tokens: MB of the files, and words per second of new texts on one core
of the machine that made this package, for sentences, tags and entities together.

{table}"""


def main(args: Sequence[str] | None = None) -> int:
    options = ArgumentParser(description=__doc__)
    options.add_argument("student", type=Path, help="folder of a pipeline")
    options.add_argument("test", type=Path, help=".spacy data to test on")
    options.add_argument("card", type=Path, help="JSON: description, license, sources, notes")
    options.add_argument("output", type=Path, help="folder for the pipeline")
    values = options.parse_args(args)
    nlp = spacy.load(values.student)
    nlp.add_pipe("sentencizer", first=True)
    with replacing(values.output) as (part,):
        with half_precision():
            nlp.to_disk(part)
        published = spacy.load(part)
        found = published.evaluate([*Corpus(values.test, gold_preproc=True)(published)])
        table = compare({"entities, F": part}, values.test, "ner", nlp.lang)
        card = srsly.read_json(values.card)
        licences = "\n".join(f"- {each['name']}: {each['license']}" for each in card["sources"])
        notes = NOTES.format(licences=licences, table=table)
        card["notes"] = "\n\n".join([*card.get("notes", ()), notes])
        card["performance"] = {name: found[name] for name in SCORES}
        srsly.write_json(part / "meta.json", {**published.meta, **card})
    print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())

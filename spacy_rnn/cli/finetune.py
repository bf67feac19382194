from enum import Enum
from pathlib import Path
from typing import Annotated

from spacy import util
from spacy.cli._util import Arg, Opt
from wasabi import msg

from . import app
from ._options import Lang
from ._util import CommandError, exit_on_error, read_examples, staged


class TeacherTask(str, Enum):
    textcat = "textcat"
    textcat_multilabel = "textcat_multilabel"
    ner = "ner"
    tagger = "tagger"


@app.command("finetune")
def finetune_cli(
    encoder: Annotated[str, Arg(help="Encoder: a name on the Hugging Face hub, or a folder")],
    train: Annotated[Path, Arg(help=".spacy data to train on")],
    dev: Annotated[Path, Arg(help=".spacy data to choose the best epoch by")],
    output: Annotated[Path, Arg(help="Folder for the teacher", file_okay=False)],
    task: Annotated[TeacherTask, Opt("--task", "-t", help="What to train for")],
    epochs: Annotated[int, Opt(min=1, help="Number of passes over the data")] = 3,
    learn_rate: Annotated[
        float, Opt(help="Highest learning rate, from 2e-5 for large encoders to 5e-4 for small")
    ] = 5e-5,
    batch_size: Annotated[int, Opt(min=1, help="Number of texts, or sentences, in a batch")] = 16,
    seed: Annotated[int, Opt(help="Seed")] = 0,
    lang: Lang = "en",
    force: Annotated[bool, Opt("--force", "-F", help="Replace the folder if it exists")] = False,
) -> None:
    """
    Fine-tune an encoder, so that it can teach: the folder that is written is
    a model of Hugging Face, which `spacy rnn distil` takes.
    """
    from ..transfer.finetuning import TOKENS, fine_tune, save

    with exit_on_error():
        if output.exists() and not (force and (output / "config.json").is_file()):
            raise CommandError(
                f"Can't save the teacher to {output}: it is already there, expected a new folder. "
                "Choose another name, or replace an earlier teacher with --force."
            )
        nlp = util.get_lang_class(lang)()
        splits = [
            read_examples(nlp, path, gold_preproc=task.value in TOKENS) for path in (train, dev)
        ]
        teacher, score = fine_tune(
            encoder,
            task.value,
            *splits,
            epochs=epochs,
            learn_rate=learn_rate,
            batch_size=batch_size,
            seed=seed,
            silent=False,
        )
        with staged(output) as (part,):
            save(teacher, part)
    msg.good(f"Saved the teacher: {score:.2%} on {dev}", output)

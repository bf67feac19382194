"""Training that goes on, after a kill at any moment, as if nothing had happened.

This behaves as `train` and `train_while_improving` of spacy.training.loop do: the order of update,
schedules, evaluation, logger and saving; the rules of patience, `max_steps` and the best model;
`model-best` and `model-last`. Those two cannot be entered in their middle, so they are not called;
what they are made of is.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from spacy.language import Language
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import (
    DIR_MODEL_BEST,
    DIR_MODEL_LAST,
    clean_output_dir,
    subdivide_batch,
    update_meta,
)
from thinc.api import Config
from wasabi.printer import Printer

from ..layers.cache import clear_caches
from .checkpoint import Checkpoint, read_checkpoint
from .conditions import changes, describe
from .errors import TrainingError
from .interruption import Interrupted, Interruption
from .run import Run, Snapshot
from .saving import Checkpoints, save_model

DIR_CHECKPOINTS = "checkpoints"
Log = Callable[[dict[str, Any] | None], None]


def train(
    config: Config,
    output: Path,
    *,
    resume: bool = False,
    force: bool = False,
    minutes: float = 10.0,
    use_gpu: int = -1,
    stdout: IO[str] = sys.stdout,
    stderr: IO[str] = sys.stderr,
) -> Language:
    """Train a pipeline, with checkpoints from which training can be resumed exactly.

    On a CPU, with the same number of threads and the same packages, weights are to the last bit
    those of a training that was not interrupted. They are those of `spacy train` as well, unless
    components draw from Python's `random` (spaCy's `parser` and `ner` do): the order of the data
    does not depend on that here.

    config (Config): The config, not interpolated.
    output (Path): Directory for model-best, model-last and the folder of checkpoints.
    resume (bool): Whether to go on from the last checkpoint, if there is one.
    force (bool): Resume though config or data have changed; or without `resume`, begin anew though
        there is a checkpoint of an unfinished training.
    minutes (float): Time between checkpoints. There is also one after each evaluation. None is
        written as long as checkpoints take more than 2 percent of the time.
    use_gpu (int): Number of the GPU, or -1 for the CPU, as set up before.
    stdout (IO[str]): Where messages go.
    stderr (IO[str]): Where progress bars go.
    RETURNS (Language): The trained pipeline.
    RAISES (TrainingError): If there is a checkpoint that is not to be lost, or the one to resume
        is of another config or other data, or all are damaged.
    RAISES (Interrupted): On SIGTERM and SIGINT, after a checkpoint has been written.
    """
    output.mkdir(parents=True, exist_ok=True)
    msg = Printer(no_print=True)
    folder = output / DIR_CHECKPOINTS
    conditions = describe(config)

    def warn(text: str) -> None:
        stdout.write(f"{msg.warn(text)}\n")

    checkpoint = None
    if resume:
        checkpoint = read_checkpoint(folder, warn)
        if checkpoint:
            require_same_conditions(checkpoint, conditions, force, warn)
        else:
            stdout.write(f"{msg.info(f'No checkpoint in {folder}: training begins')}\n")
    elif not force:
        require_finished(folder)
    nlp = init_nlp(config, use_gpu=use_gpu)
    run = Run(nlp, conditions, checkpoint, use_gpu=use_gpu, stdout=stdout, stderr=stderr)
    if checkpoint:
        run.say(f"Resuming after step {checkpoint.step}", "info")
    else:
        shutil.rmtree(folder, ignore_errors=True)
        clean_output_dir(output)
    with Interruption() as interruption:
        go_on(run, output, Checkpoints(run, folder, minutes), interruption)
    return nlp


def require_same_conditions(
    checkpoint: Checkpoint, now: dict[str, Any], force: bool, warn: Callable[[str], None]
) -> None:
    """RAISES (TrainingError): If config or data have changed, unless with `force`."""
    before = checkpoint.state["conditions"]
    if changed := changes(before["settings"], now["settings"]):
        if not force:
            raise TrainingError(
                f"Can't resume exactly: config or data have changed ({'; '.join(changed)}). Undo "
                "that, or go on with --force."
            )
        warn(f"Config or data have changed: {'; '.join(changed)}")
        checkpoint.state["progress"]["finished"] = False  # there may be more steps now
    if changed := changes(before["software"], now["software"]):
        warn(f"Weights may differ in their last bits: {'; '.join(changed)}")


def require_finished(folder: Path) -> None:
    """RAISES (TrainingError): If there are checkpoints of a training that is not finished."""
    try:
        checkpoint = read_checkpoint(folder, lambda text: None)
    except TrainingError:
        return  # nothing can be lost
    if checkpoint and not checkpoint.state["progress"]["finished"]:
        raise TrainingError(
            f"{folder} has a checkpoint of an unfinished training (step {checkpoint.step}): go on "
            "with --resume, or begin anew with --force."
        )


def go_on(run: Run, output: Path, checkpoints: Checkpoints, interruption: Interruption) -> None:
    """Train until nothing is left to do.

    run (Run): The training.
    output (Path): Directory for the models.
    checkpoints (Checkpoints): Where checkpoints go.
    interruption (Interruption): Tells of signals.
    RAISES (Interrupted): On a signal, after a checkpoint has been written.
    """
    progress, nlp = run.progress, run.nlp
    if progress.finished:
        run.say(f"Training is finished: {output / DIR_MODEL_BEST}", "good")
        return
    run.say(f"Pipeline: {nlp.pipe_names}", "info")
    if run.frozen:
        run.say(f"Frozen components: {run.frozen}", "info")
    if run.settings["annotating_components"]:
        names = run.settings["annotating_components"]
        run.say(f"Set annotations on update for: {names}", "info")
    run.say(f"Initial learn rate: {run.optimizer.learn_rate}", "info")
    with nlp.select_pipes(disable=run.frozen):
        log, finalize = run.settings["logger"](nlp, run.stdout, run.stderr)
    tell_again(run, log)
    try:
        while not (progress.evaluated and is_over(run)):
            if progress.evaluated:
                try:
                    interruption.leave_if_asked()
                except Interrupted:
                    checkpoints.write(run.checkpoint(run.snapshot()))
                    raise
                drawn = next(run.batches, None)
                if drawn is None:
                    break
                update(run, *drawn)
            if progress.step % run.settings["eval_frequency"]:
                log(None)
                checkpoints.write_if_due()
            else:
                snapshot = run.snapshot()
                is_best = evaluate(run, snapshot, checkpoints, interruption)
                save_model(run, output, is_best=is_best)
                log({**progress.infos[-1], "output_path": str(output / DIR_MODEL_LAST)})
                checkpoints.write_if_affordable(snapshot)
    except Exception as error:
        run.say(f"Aborting and saving the final model. Encountered exception: {error!r}", "warn")
        raise
    finally:
        finalize()
        save_model(run, output, is_best=False)
    progress.finished = True
    checkpoints.write(run.checkpoint(run.snapshot()))
    run.say(f"Saved pipeline to output directory {output / DIR_MODEL_LAST}", "good")


def update(run: Run, epoch: int, batch: list[Example]) -> None:
    """Update the weights with a batch."""
    progress, nlp, settings = run.progress, run.nlp, run.settings
    progress.step += 1
    progress.epoch = epoch
    clear_caches()  # what frozen components remember, a resumed run cannot know
    if settings["before_update"]:
        settings["before_update"](nlp, {"step": progress.step, "epoch": epoch})
    for part in subdivide_batch(batch, settings["accumulate_gradient"]):
        nlp.update(
            part,
            drop=settings["dropout"],
            losses=progress.losses,
            sgd=False,  # type: ignore[arg-type]  # not yet
            exclude=run.frozen,
            annotates=settings["annotating_components"],
        )
    for component in run.updated():
        component.finish_update(run.optimizer)
    run.optimizer.step_schedules()
    progress.words += sum(len(example) for example in batch)
    progress.evaluated = progress.step % settings["eval_frequency"] != 0


def evaluate(
    run: Run, snapshot: Snapshot, checkpoints: Checkpoints, interruption: Interruption
) -> bool:
    """Evaluate the pipeline, with averages of the weights where the optimizer has them.

    run (Run): The training.
    snapshot (Snapshot): What the last update left.
    checkpoints (Checkpoints): Where a checkpoint goes on a signal.
    interruption (Interruption): Tells of signals.
    RETURNS (bool): Whether it is the best so far.
    RAISES (Interrupted): On a signal. The evaluation is then the first thing after resuming.
    """
    progress, nlp = run.progress, run.nlp
    before = run.checkpoint(snapshot)
    clear_caches()
    try:
        with interruption.at_once(), nlp.use_params(run.optimizer.averages):
            score, scores = run.evaluate()
    except Interrupted:
        checkpoints.write(before)
        run.put_back(snapshot)  # Thinc's use_params leaves the averages in place
        raise
    progress.results.append((score, progress.step))
    info = {
        "epoch": progress.epoch,
        "step": progress.step,
        "score": score,
        "other_scores": scores,
        "losses": progress.losses,
        "checkpoints": progress.results,
        "seconds": int(run.seconds()),
        "words": progress.words,
    }
    with nlp.select_pipes(disable=run.frozen):
        update_meta(run.settings, nlp, info)
    progress.infos.append({**info, "checkpoints": [*progress.results]})
    progress.losses = {}
    progress.evaluated = True
    return score == max(progress.results)[0]


def is_over(run: Run) -> bool:
    """RETURNS (bool): Whether the steps or the patience are used up."""
    progress, settings = run.progress, run.settings
    if not progress.results:
        return False
    # Of equal scores the earliest is the best.
    best_step = -max((score, -step) for score, step in progress.results)[1]
    impatient = settings["patience"] and progress.step - best_step >= settings["patience"]
    return bool(impatient or (settings["max_steps"] and progress.step >= settings["max_steps"]))


def tell_again(run: Run, log: Log) -> None:
    """Tell a logger of all steps before those to come, so that its table and files are whole."""
    told = {info["step"]: info for info in run.progress.infos}
    for step in range(run.progress.step + run.progress.evaluated):
        log(told.get(step))

"""Fine-tuning of an encoder, so that it can teach."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
import tqdm
from spacy.scorer import Scorer, get_ner_prf
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import minibatch
from spacy.vocab import Vocab
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from .encoders import load_model
from .errors import TransferError
from .teachers import SORTED, Teacher, TextTeacher, TokenTeacher

Task = Literal["textcat", "textcat_multilabel", "ner", "tagger"]
TOKENS = ("ner", "tagger")
IGNORED = -100  # by torch's loss
WARMUP = 0.1  # share of the steps while the learning rate rises


def fine_tune(
    encoder: str,
    task: Task,
    train: Sequence[Example],
    dev: Sequence[Example],
    *,
    epochs: int = 3,
    learn_rate: float = 5e-5,
    batch_size: int = 16,
    seed: int = 0,
    silent: bool = True,
) -> tuple[Teacher, float]:
    """Train an encoder, with a new layer on top of it, for a task: AdamW, with a learning rate that
    rises over the first tenth of the steps and falls to 0 (Devlin et al. 2019).

    encoder (str): An encoder of Hugging Face: a name on the hub, or a folder.
    task (str): "textcat", "textcat_multilabel", "ner" or "tagger".
    train (Sequence[Example]): Annotated data to train on. Categories may be probabilities.
    dev (Sequence[Example]): Annotated data to choose the best epoch by.
    epochs (int): Number of passes. Recommended values are from 3 to 10: more for less data.
    learn_rate (float): The highest learning rate. Recommended values are from 2e-5, for large
        encoders, to 5e-4, for small ones.
    batch_size (int): Number of texts, or sentences, in a batch.
    seed (int): The seed of the new layer, of dropout and of the order.
    silent (bool): Whether to show no progress.
    RETURNS (Tuple[Teacher, float]): The teacher, with the weights of its best epoch, and its score
        on dev: F of entities or categories, or the accuracy of tags.
    RAISES (TransferError): If there is no such encoder, nothing is annotated for the task, or the
        loss is no number.
    """
    torch.manual_seed(seed)
    labels = find_labels(task, train)
    teacher = make_untrained(encoder, task, labels)
    data, order = [eg.reference for eg in train if len(eg.reference)], random.Random(seed)
    n_steps = epochs * -(-len(data) // batch_size)
    optimizer = torch.optim.AdamW(teacher.model.parameters(), lr=learn_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: slope(step, n_steps))
    best: tuple[float, dict[str, Any]] = (-1.0, {})
    with tqdm.tqdm(total=n_steps, unit="batch", disable=silent or None) as progress:
        for _ in range(epochs):
            teacher.model.train()
            for batch in draw_batches(data, batch_size, order):
                loss = find_loss(teacher, task, batch)
                if not torch.isfinite(loss):
                    raise TransferError(
                        f"The loss is {loss.item()} after {progress.n} batches, expected a number. "
                        f"Choose a learning rate below {learn_rate} (--learn-rate)."
                    )
                loss.backward()
                torch.nn.utils.clip_grad_norm_(teacher.model.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
                progress.update()
            score = evaluate(teacher, task, dev)
            progress.set_postfix(score=f"{score:.4f}")
            if score > best[0]:
                weights = teacher.model.state_dict()
                best = score, {name: value.clone() for name, value in weights.items()}
    teacher.model.load_state_dict(best[1])
    teacher.model.eval()
    return teacher, best[0]


def save(teacher: Teacher, folder: Path) -> None:
    """Save a teacher as a folder of a model of Hugging Face."""
    teacher.model.save_pretrained(folder)
    teacher.tokenizer.save_pretrained(folder)


def draw_batches(docs: Sequence[Doc], size: int, generator: random.Random) -> list[list[Doc]]:
    """RETURNS (List[List[Doc]]): All documents in random batches, each of similar lengths."""
    shuffled = generator.sample(docs, len(docs))
    batches = [
        batch
        for part in minibatch(shuffled, SORTED * size)
        for batch in minibatch(sorted(part, key=len), size)
    ]
    generator.shuffle(batches)
    return batches


def slope(step: int, n_steps: int) -> float:
    """RETURNS (float): The share of the learning rate at a step."""
    warmup = max(round(WARMUP * n_steps), 1)
    return min((step + 1) / warmup, (n_steps - step) / max(n_steps - warmup, 1))


def find_labels(task: Task, examples: Sequence[Example]) -> list[str]:
    """RETURNS (List[str]): The labels of the model.
    RAISES (TransferError): If nothing is annotated for the task.
    """
    docs = [example.reference for example in examples]
    if task == "ner":
        found = {ent.label_ for doc in docs for ent in doc.ents}
        labels = ["O", *(f"{mark}-{label}" for label in sorted(found) for mark in "BI")]
    elif task == "tagger":
        found = {token.tag_ for doc in docs for token in doc if token.tag}
        labels = sorted(found)
    else:
        found = {label for doc in docs for label in doc.cats}
        labels = sorted(found)
    if len(labels) < 2:
        raise TransferError(
            f"Can't train for {task}: got {len(docs)} examples with the labels "
            f"{sorted(found) or 'none'}, expected some, at least two of tags and categories. Name "
            "another task (--task), or convert the data for it."
        )
    return labels


def make_untrained(encoder: str, task: Task, labels: Sequence[str]) -> Teacher:
    """RETURNS (Teacher): An encoder with a new layer for labels."""
    settings: dict[str, Any] = {"id2label": dict(enumerate(labels))}
    settings["label2id"] = {label: i for i, label in enumerate(labels)}
    if task in TOKENS:
        kind = "AutoModelForTokenClassification"
        return TokenTeacher(*load_model(kind, encoder, words=True, head=settings), 0.0)
    exclusive = task == "textcat"
    settings["problem_type"] = f"{'single' if exclusive else 'multi'}_label_classification"
    kind = "AutoModelForSequenceClassification"
    return TextTeacher(*load_model(kind, encoder, head=settings), 0.0)


def find_loss(teacher: Teacher, task: Task, docs: Sequence[Doc]) -> torch.Tensor:
    """RETURNS (Tensor): The mean loss of a batch. What is not annotated does not count."""
    split = task in TOKENS
    batch = teacher.tokenizer(
        [[token.text for token in doc] for doc in docs] if split else [doc.text for doc in docs],
        is_split_into_words=split,
        padding=True,
        truncation=True,
        max_length=teacher.max_pieces,
        return_tensors="pt",
    ).to(teacher.model.device)
    logits = teacher.model(**batch).logits.float()
    columns = {label: i for i, label in enumerate(teacher.labels)}
    if split:
        gold = [[columns.get(label, IGNORED) for label in token_labels(task, doc)] for doc in docs]
        rows = []
        for i, doc_gold in enumerate(gold):
            ids = batch.word_ids(i)
            first = [word is not None and word != ids[at - 1] for at, word in enumerate(ids)]
            pairs = zip(ids, first, strict=True)
            rows.append([doc_gold[word] if is_first else IGNORED for word, is_first in pairs])
        targets = torch.tensor(rows, device=logits.device)
        total = cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
        return total / (targets != IGNORED).sum().clamp(min=1)
    values = [[doc.cats.get(label, 0.0) for label in teacher.labels] for doc in docs]
    truth = torch.tensor(values, device=logits.device)
    if task == "textcat":
        return cross_entropy(logits, truth)
    return binary_cross_entropy_with_logits(logits, truth)


def token_labels(task: Task, doc: Doc) -> list[str]:
    """RETURNS (List[str]): The label of each token, empty where annotation is missing."""
    if task == "tagger":
        return [token.tag_ for token in doc]
    names = {"": "", "O": "O"}
    return [names.get(t.ent_iob_, f"{t.ent_iob_}-{t.ent_type_}") for t in doc]


def evaluate(teacher: Teacher, task: Task, examples: Sequence[Example]) -> float:
    """RETURNS (float): The score of a teacher on the tokens of annotated data."""
    teacher.model.eval()
    pairs = [without_annotation(eg.reference, eg.reference.vocab) for eg in examples]
    for _ in teacher.pipe(pair.predicted for pair in pairs):
        pass
    return find_score(task, pairs, teacher.labels)


def without_annotation(gold: Doc, vocab: Vocab) -> Example:
    """RETURNS (Example): A gold document, and what is to be annotated: its tokens."""
    spaces = [bool(token.whitespace_) for token in gold]
    return Example(Doc(vocab, [token.text for token in gold], spaces), gold)


def find_score(task: Task, examples: Sequence[Example], labels: Sequence[str]) -> float:
    """RETURNS (float): F of entities or categories, or the accuracy of tags."""
    if task == "ner":
        score = get_ner_prf(examples)["ents_f"]
    elif task == "tagger":
        score = Scorer.score_token_attr(examples, "tag")["tag_acc"]
    else:
        settings: dict[str, Any] = {"labels": labels, "multi_label": task == "textcat_multilabel"}
        score = Scorer.score_cats(examples, "cats", threshold=0.5, **settings)["cats_micro_f"]
    return float(score or 0.0)

from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import srsly
from spacy.cli._util import Arg, Opt
from spacy.language import Language
from spacy.tokens import Doc
from wasabi.printer import Printer

from ..errors import UserError
from ..loading import load_pipeline
from . import app
from ._options import Component
from ._util import CommandError, exit_on_error, read_examples, staged


@app.command("explain")
def explain_cli(
    model: Annotated[str, Arg(help="Pipeline, by name or path")],
    texts: Annotated[list[str] | None, Arg(help="Texts whose predictions are explained")] = None,
    data: Annotated[
        Path | None,
        Opt("--data", "-d", help="Annotated texts (.spacy), beside whose labels predictions are"),
    ] = None,
    limit: Annotated[int, Opt("--limit", "-n", help="Number of annotated texts, 0 for all")] = 20,
    label: Annotated[
        str | None, Opt("--label", "-l", help="Label to explain (default: the predicted one)")
    ] = None,
    method: Annotated[
        list[str] | None,
        Opt(
            "--method",
            "-m",
            help="occlusion, integrated_gradients or attention; may be repeated (default: all that "
            "the component has)",
        ),
    ] = None,
    component: Component = None,
    output: Annotated[
        Path | None,
        Opt("--output", "-o", help="HTML page or JSON file to write", dir_okay=False),
    ] = None,
) -> None:
    """
    Explain predictions: how much each token bears on a category of the text, on
    the tag of a token or on an entity.
    """
    with exit_on_error():
        explain(
            model,
            texts or [],
            data=data,
            limit=limit,
            label=label,
            methods=method,
            component=component,
            output=output,
            silent=False,
        )


@app.command("faithfulness")
def faithfulness_cli(
    model: Annotated[str, Arg(help="Pipeline, by name or path")],
    data_path: Annotated[Path, Arg(help="Data in the .spacy format", exists=True)],
    component: Component = None,
    limit: Annotated[int, Opt("--limit", "-n", help="Number of documents, 0 for all")] = 100,
) -> None:
    """
    Measure how faithful explanations are: how much the probability of what is
    predicted drops without the tokens that weigh most (comprehensiveness, more
    is better), and with nothing but them (sufficiency, less is better).
    """
    with exit_on_error():
        faithfulness(model, data_path, component=component, limit=limit, silent=False)


def explain(
    model: str | Path,
    texts: list[str],
    *,
    data: Path | None = None,
    limit: int = 20,
    label: str | None = None,
    methods: list[str] | None = None,
    component: str | None = None,
    output: Path | None = None,
    silent: bool = True,
) -> list[Any]:
    """Explain all predictions of a component.

    model (Union[str, Path]): The pipeline, by name or path.
    texts (list[str]): The texts.
    data (Optional[Path]): Annotated texts, whose annotation is shown as well.
    limit (int): Number of annotated texts, 0 for all.
    label (Optional[str]): The label. The predicted one by default.
    methods (Optional[list[str]]): The methods. All that the component has by default.
    component (Optional[str]): The component. Not needed if only one can be explained.
    output (Optional[Path]): HTML page or JSON file to write.
    silent (bool): Don't print any output.
    RETURNS (list[Explanation]): The explanations.
    RAISES (UserError): If something cannot be explained, or the output's name does not tell
        what to write.
    """
    from .. import explanation

    if not texts and data is None:
        raise CommandError("Nothing to explain: got no text, expected texts or --data FILE.")
    if file := next((text for text in texts if Path(text).suffix and Path(text).is_file()), None):
        raise CommandError(
            f"Can't tell whether {file} is a text: it is the name of a file. Give the texts "
            'themselves, such as "I lost my card", or --data with annotated ones in the .spacy '
            "format."
        )
    msg = Printer(no_print=silent, pretty=not silent)
    if output is not None and output.suffix not in (".html", ".json"):
        raise CommandError(
            f"Can't write explanations to {output}: expected a name that ends in .html or .json."
        )
    nlp = load_pipeline(model)
    annotated = [one.reference for one in read_examples(nlp, data, limit=limit)] if data else []
    docs = [*map(nlp.make_doc, texts), *annotated]
    found = []
    for i, doc in enumerate(docs):
        some = explanation.explain_all(
            nlp,
            doc,
            label,
            component=component,
            methods=methods,
            gold=i >= len(texts),
        )
        if not some:
            msg.warn(f"Nothing is predicted that could be explained: {doc.text}")
        found.extend(some)
    if output is None:
        for _, group in groupby(found, lambda one: (one.tokens, one.label, one.span)):
            print_weights(msg, list(group))
        return found
    with staged(output) as (part,):
        if output.suffix == ".html":
            part.write_text(_page(nlp, model, docs, component, found), encoding="utf8")
        else:
            srsly.write_json(part, [one.to_json() for one in found])
    msg.good(f"Saved {len(found)} explanations to {output}")
    return found


def _page(
    nlp: Language, model: str | Path, docs: list[Doc], component: str | None, found: list[Any]
) -> str:
    """RETURNS (str): The explanations as a page, which tells the method to trust."""
    from .. import explanation

    try:
        trust = explanation.faithfulness(nlp, docs, component)
    except UserError:  # all is a single word
        trust = []
    title = f"What {model} ({nlp.lang}_{nlp.meta['name']} {nlp.meta['version']}) looks at"
    return explanation.render(found, page=True, title=title, trust=trust)


def faithfulness(
    model: str | Path,
    data_path: Path,
    *,
    component: str | None = None,
    limit: int = 100,
    silent: bool = True,
) -> list[Any]:
    """Measure how faithful the explanations of a component's predictions are.

    model (Union[str, Path]): The pipeline, by name or path.
    data_path (Path): Data in the .spacy format.
    component (Optional[str]): The component. Not needed if only one can be explained.
    limit (int): Number of documents, 0 for all.
    silent (bool): Don't print any output.
    RETURNS (list[Faithfulness]): The measures of each method.
    RAISES (UserError): If there is nothing to measure.
    """
    from .. import explanation

    msg = Printer(no_print=silent, pretty=not silent)
    nlp = load_pipeline(model)
    docs = [example.predicted for example in read_examples(nlp, data_path, limit=limit)]
    found = explanation.faithfulness(nlp, docs, component)
    rows = [(m.method, f"{m.comprehensiveness:.3f}", f"{m.sufficiency:.3f}") for m in found]
    header = ("", "comprehensiveness", "sufficiency")
    msg.table(rows, header=header, aligns=["l", "r", "r"], divider=True)
    msg.info(f"Means over {found[0].predictions} predictions")
    return found


def print_weights(msg: Printer, explanations: list[Any]) -> None:
    """Print a table with a column for each explanation of one prediction.

    msg (Printer): The printer.
    explanations (list[Explanation]): The explanations.
    """
    first = explanations[0]
    start, end = first.span or (0, 0)
    what = f" of {' '.join(first.tokens[start:end])}" if first.span else ""
    msg.divider(f"{first.label}{what}: {first.score:.2f}")
    columns = [[f"{weight:+.3f}" for weight in one.weights] for one in explanations]
    header = ("", *(one.method for one in explanations))
    msg.table(
        list(zip(first.tokens, *columns, strict=True)),
        header=header,
        aligns=["l"] + ["r"] * len(columns),
        divider=True,
    )

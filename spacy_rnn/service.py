"""A service: a pipeline behind HTTP, with FastAPI.

    MODEL=my_model/model python -m uvicorn spacy_rnn.service:app

Requests that come while others are annotated make up the next batch; one that comes alone waits for
nobody. One batch is annotated at a time, in a thread, so that `/health` answers meanwhile. For more
cores, start more workers.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

import spacy
import torch
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field
from spacy.language import Language

from .annotation.memory import bounded_memory, outgrown

MAX_CHARACTERS = 10_000  # of a text: longer ones are refused with status 422
MAX_BATCH = 64  # texts that are annotated together
MAX_WAITING = 1_000  # requests: further ones wait until they are let in


class Request(BaseModel):
    """What is sent."""

    text: str = Field(max_length=MAX_CHARACTERS)


class Annotator:
    """Annotates the texts of concurrent requests together.

    nlp (Language): The pipeline.
    model (str): Its name or path, from which it is loaded anew after 500,000 words.
    """

    def __init__(self, nlp: Language, model: str) -> None:
        self.nlp, self.model = nlp, model
        self.waiting: asyncio.Queue[tuple[str, asyncio.Future[Any]]] = asyncio.Queue(MAX_WAITING)
        self.metrics = dict.fromkeys(("requests", "failures", "batches", "seconds"), 0.0)

    async def __call__(self, text: str) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The annotation of a text."""
        self.metrics["requests"] += 1
        future = asyncio.get_running_loop().create_future()
        await self.waiting.put((text, future))
        return await future

    async def work(self) -> None:
        """Annotate what has come while the batch before was annotated, one batch at a time."""
        while True:
            batch = [await self.waiting.get()]
            while len(batch) < MAX_BATCH and not self.waiting.empty():
                batch.append(self.waiting.get_nowait())
            start = perf_counter()
            answers: list[Any]
            try:
                answers = await asyncio.to_thread(self.annotate, [text for text, _ in batch])
            except Exception as error:
                self.metrics["failures"] += len(batch)
                answers = [error] * len(batch)
            self.metrics["batches"] += 1
            self.metrics["seconds"] += perf_counter() - start
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.done():  # whoever asked has left
                    continue
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)

    def annotate(self, texts: list[str]) -> list[dict[str, Any]]:
        """RETURNS (List[Dict[str, Any]]): The annotation of each text."""
        if outgrown(self.nlp):
            self.nlp = spacy.load(self.model)
        with bounded_memory(self.nlp):
            return [
                {
                    "tags": [token.tag_ for token in doc] if doc.has_annotation("TAG") else [],
                    "entities": [
                        {"start": ent.start_char, "end": ent.end_char, "label": ent.label_}
                        for ent in doc.ents
                    ],
                    "cats": doc.cats,
                }
                for doc in self.nlp.pipe(texts)
            ]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the pipeline, and annotate as long as the service runs."""
    if "MODEL" not in os.environ:
        raise RuntimeError(
            "No pipeline to serve: the environment variable MODEL is not set, expected a name or "
            "path that spacy.load takes, such as MODEL=my_model/model."
        )
    torch.set_num_threads(1)  # more threads help long texts only: start more workers instead
    model = os.environ["MODEL"]
    annotator = Annotator(spacy.load(model), model)
    annotator.annotate(["The first text takes longest."])
    app.state.annotator = annotator
    task = asyncio.create_task(annotator.work())
    yield
    task.cancel()


app = FastAPI(title="spacy-rnn", lifespan=lifespan)


@app.post("/annotate")
async def annotate(request: Request) -> dict[str, Any]:
    """Annotate a text."""
    answer: dict[str, Any] = await app.state.annotator(request.text)
    return answer


@app.get("/health")
async def health() -> dict[str, str]:
    """Tell that the service is there, and with which pipeline."""
    meta = app.state.annotator.nlp.meta
    return {"status": "ok", "model": f"{meta['name']} {meta['version']}"}


@app.get("/metrics", response_class=PlainTextResponse)
async def metrics() -> str:
    """Tell how much has been done, in the format of Prometheus."""
    found = app.state.annotator.metrics
    return "".join(f"spacy_{name}_total {value}\n" for name, value in found.items())

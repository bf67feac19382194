"""Put `spacy_rnn.service` under load: so many clients at once send texts and wait for the answers.

    python benchmarks/service.py
    python benchmarks/service.py --model requests/model --texts texts.txt --workers 2

The service runs in processes of its own, on this machine. The client takes a core for itself, so
that on two cores figures are those of one worker at most.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from generated import make_model, short_texts
from harness import (
    RESULTS,
    BenchmarkError,
    environment,
    limit_threads,
    percentiles,
    say,
    write_json,
)
from texts import read_texts

START = 60.0  # seconds that the service may take to start


@contextmanager
def serving(model: str, workers: int) -> Iterator[tuple[str, int]]:
    """YIELDS (Tuple[str, int]): The address of a service that answers, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "spacy_rnn.service:app", "--log-level", "warning"]
    command += ["--port", str(port), "--workers", str(workers), "--timeout-keep-alive", "60"]
    service = subprocess.Popen(command, env={**os.environ, "MODEL": model})
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            try:
                httpx.get(f"{address}/health").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        else:
            raise BenchmarkError(f"The service does not answer after {START:g} seconds.")
        yield address, service.pid
    finally:
        service.terminate()
        service.wait()


async def load(address: str, texts: Iterable[str], clients: int) -> tuple[float, list[float]]:
    """RETURNS (Tuple[float, List[float]]): Seconds in all, and of each request."""
    waiting, seconds = iter(texts), []

    async def client(http: httpx.AsyncClient) -> None:
        for text in waiting:
            start = time.perf_counter()
            answer = await http.post(f"{address}/annotate", json={"text": text})
            answer.raise_for_status()
            seconds.append(time.perf_counter() - start)

    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx.AsyncClient(limits=limits, timeout=60.0) as http:
        start = time.perf_counter()
        await asyncio.gather(*(client(http) for _ in range(clients)))
        return time.perf_counter() - start, seconds


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--model", help="pipeline, by name or path (default: an rnn_textcat with random weights)")
    add("--texts", type=Path, help="file of texts (default: made-up ones of 5 to 15 words)")
    add("--clients", type=int, nargs="+", default=[1, 8, 32])
    add("--requests", type=int, default=5000, help="for each number of clients")
    add("--workers", type=int, default=1)
    add("--output", type=Path, default=RESULTS / "service.json", help="JSON file")
    options = parser.parse_args()
    result = {**environment(), "threads": 1, "workers": options.workers, "rows": []}
    texts = short_texts(options.requests * len(options.clients))
    if options.texts is not None:
        texts = cycle(read_texts(options.texts))
    with TemporaryDirectory() as folder:
        model = options.model or str(make_model("rnn_textcat", Path(folder)))
        with serving(model, options.workers) as (address, _):
            for clients in options.clients:
                total, seconds = asyncio.run(
                    load(address, islice(texts, options.requests), clients)
                )
                row = {"clients": clients, "requests/s": options.requests / total}
                row |= percentiles([1000 * each for each in seconds])
                result["rows"].append(row)
                say(", ".join(f"{name} {value:.4g}" for name, value in row.items()))
    write_json(options.output, result)


if __name__ == "__main__":
    limit_threads(1)
    main()

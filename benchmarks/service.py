"""Put `spacy_rnn.service` under load: so many clients at once send texts and wait for the answers.

    python benchmarks/service.py requests/model texts.txt --clients 1 16 64 --workers 1

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
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

import httpx
import numpy
from harness import BenchmarkError, say
from report import table

START = 60.0  # seconds that the service may take to start


@contextmanager
def serving(model: str, workers: int) -> Iterator[str]:
    """YIELDS (str): The address of a service that answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "spacy_rnn.service:app", "--log-level", "warning"]
    command += ["--port", str(port), "--workers", str(workers)]
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
        yield address
    finally:
        service.terminate()
        service.wait()


async def load(address: str, texts: list[str], clients: int) -> tuple[float, list[float]]:
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
    parser.add_argument("model", help="pipeline, by name or path")
    parser.add_argument("texts", type=Path, help="file with a text per line")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--requests", type=int, default=2000, help="for each number of clients")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    lines = [line for line in arguments.texts.read_text("utf8").splitlines() if line]
    texts = [*islice(cycle(lines), arguments.requests)]
    rows = []
    with serving(arguments.model, arguments.workers) as address:
        for clients in arguments.clients:
            say(f"{clients} clients")
            total, seconds = asyncio.run(load(address, texts, clients))
            row = [len(texts) / total, *numpy.percentile(seconds, (50, 95, 99)) * 1000]
            rows.append([str(clients), *(f"{value:.1f}" for value in row)])
    print(table(["clients", "requests/s", "median, ms", "95 %, ms", "99 %, ms"], rows))


if __name__ == "__main__":
    main()

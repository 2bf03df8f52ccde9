"""What an exported model costs: NDCG of tables in fewer bits, time of a list, size of packages.

``python -m benchmarks.export`` trains the sample job's model and prints the tables; ``--write``
also puts them into the docs; ``--run NAME=FOLDER`` measures NDCG by another run's model, too.
"""

import argparse
import importlib.metadata
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import torch
from torch import Tensor

from ltr.data.reader import Lists
from ltr.exported import Exported
from ltr.exported.columns import encode
from ltr.exported.tables import Table
from ltr.metrics import ndcg
from ltr.towers.quantise import TABLE_FORMS, TableForm, quantised
from ltr.towers.traceable import Traceable
from ltr.training import ModelCard, load_ranker, score
from pipelines.cli import main as ltr
from pipelines.jobs.export_check import batch_of
from pipelines.scoring import Ranker

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks" / "export.md"
JOB = ROOT / "sample_data" / "job.toml"
LOG = ROOT / "sample_data" / "impressions"
DOCUMENTS = 100
CALLS = 1000


def main() -> None:
    """Print every table; with ``--write`` also into the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} in the docs")
    parser.add_argument("--run", action="append", default=[], help="NAME=FOLDER of another run")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        sample = Path(scratch) / "sample"
        for step in ("prepare", "train"):
            assert ltr([step, str(JOB), "--out", str(sample)]) == 0
        for form in TABLE_FORMS:
            arguments = ["export", str(sample), "--out", str(sample / form), "--tables", form]
            assert ltr(arguments) == 0
        runs = [("sample_data", sample), *(name.split("=", 1) for name in given.run)]
        page = [HEAD.format(cores=os.cpu_count(), versions=_versions())]
        page.append("\n".join([NDCG_HEAD, *(row for run in runs for row in quality(*run))]))
        page.append("\n".join([SPEED_HEAD, *speed(sample)]))
        page.append("\n".join([START_HEAD, *start(sample)]))
    page.append(f"Load of the machine at the end: {os.getloadavg()[1]:.1f} processes.\n")
    print("\n\n".join(page))
    if given.write:
        PAGE.write_text("\n\n".join(page), encoding="utf-8")


HEAD = """# Cost of an export

Written by `python -m benchmarks.export --write`, other logs by `--run NAME=FOLDER`. {cores} cores,
{versions}, arithmetic by one thread."""
NDCG_HEAD = """## Tables in fewer bits

On the test lists that have a relevant document. The interval is that of the mean difference of the
same lists, at 95 %. "First" is the share of the lists whose first document is another one.

| log | tables | rows x dim | bytes of tables | NDCG@10 | difference to float32 | first |
| --- | --- | --- | --- | --- | --- | --- |"""
SPEED_HEAD = f"""## One list of {DOCUMENTS} documents, the sample job's model

{CALLS:,} calls of each, in turns: mean processor time of all threads, and the time that passed.
Rows as the log has them, where it says so; else encoded already.

| | processor, µs | p50, µs | p99, µs |
| --- | --- | --- | --- |"""
START_HEAD = """## From nothing to the first score

A new process that imports, loads and scores one list; the median of five. On disk: the packages
that it imports from, without Python's own.

| | processor, s | time, s | packages on disk, MB | the model, MB |
| --- | --- | --- | --- | --- |"""


def quality(name: str, run: str | Path) -> Iterator[str]:
    """Rows of NDCG by form of the tables."""
    run = Path(run)
    lists = Lists(run / "lists", "test")
    exact: tuple[Tensor, Tensor] | None = None
    for form in TABLE_FORMS:
        scores, tables = _scores(run / "model", lists, form)
        values = ndcg(scores, lists.grades(), lengths=lists.lengths, k=10, reduction="none")
        there = ~values.isnan()
        firsts = _firsts(scores, lists.lengths)
        exact = exact or (values, firsts)
        apart = (values - exact[0])[there]
        error = 1.96 * apart.std() / len(apart) ** 0.5
        other = (firsts != exact[1])[there].float().mean()
        shape = f"{tables[0]:,} x {tables[1]}"
        yield (
            f"| {name} | {form} | {shape} | {tables[2]:,} | {values[there].mean():.5f} "
            f"| {apart.mean():+.5f} ± {error:.5f} | {other:.2%} |"
        )


def _scores(model: Path, lists: Lists, form: TableForm) -> tuple[Tensor, tuple[int, str, int]]:
    """Scores with tables in a form, and how many rows, of which lengths and bytes, these have."""
    ranker = load_ranker(model)
    tables = Traceable(load_ranker(model)).tables
    weights, size = dict(ranker.state_dict()), 0
    for name, table in tables.items():
        parts = quantised(table, form)
        size += sum(part.nbytes for part in parts.values())
        codes = parts.pop("")
        bits = codes.view(torch.uint16) if codes.dtype == torch.bfloat16 else codes
        read = Table(bits.numpy(), **{part: one.numpy() for part, one in parts.items()})
        weights[name] = torch.from_numpy(read.rows(np.arange(len(table))).copy())
    ranker.load_state_dict(weights)
    dims = ", ".join(sorted({str(table.shape[1]) for table in tables.values()}))
    return score(ranker, lists), (sum(map(len, tables.values())), dims, size)


def _firsts(scores: Tensor, lengths: Tensor) -> Tensor:
    parts = torch.split(scores, lengths.tolist())
    return torch.stack([part.argmax() for part in parts])


def speed(run: Path) -> Iterator[str]:
    """Rows of the time of one list."""
    frame = pl.read_parquet(LOG / "2026-10-14.parquet").head(DOCUMENTS)
    frame = frame.with_columns(request_id=pl.lit("one"))
    columns, lengths = frame.to_dict(as_series=False), [DOCUMENTS]
    exported = {form: Exported.load(run / form) for form in TABLE_FORMS}
    model, ranker = load_ranker(run / "model"), Ranker.load(run)
    encoded = encode(exported["float32"].columns, columns, np.array(lengths))
    batch = batch_of(encoded, ModelCard.load(run / "model").features)
    program, inputs = _torch_export(run, exported["float32"], columns)
    session = exported["float32"].graph.session
    feed = {name: tensor.numpy() for name, tensor in inputs.items()}
    feed = {one.name: feed[one.name] for one in session.get_inputs()}
    ways: dict[str, Callable[[], object]] = {
        f"`Exported.score`, rows of the log, tables {form}": lambda one=one: one.score(columns)  # type: ignore[misc]
        for form, one in exported.items()
    }
    ways |= {
        "`Ranker.score` (Polars, torchrec), rows of the log": lambda: ranker.score(frame),
        "`Exported.score_encoded`": lambda: exported["float32"].score_encoded(encoded),
        "the model's forward (torchrec)": lambda: model(batch),
        "layers alone, onnxruntime": lambda: session.run(["scores"], feed),
        "layers alone, torch.export": lambda: program(*inputs.values()),
    }
    with torch.no_grad():
        for name, times in _in_turns(ways).items():
            busy, passed = np.array(times).T * 1e6
            p50, p99 = np.percentile(passed, [50, 99])
            yield f"| {name} | {busy.mean():,.0f} | {p50:,.0f} | {p99:,.0f} |"


def _torch_export(
    run: Path, exported: Exported, columns: dict[str, list[object]]
) -> tuple[Callable[..., object], dict[str, Tensor]]:
    """The same layers as a program of torch.export, and what both forms of them read."""
    traceable = Traceable(load_ranker(run / "model"))
    graph, lists = exported.graph, encode(exported.columns, columns, np.array([DOCUMENTS]))
    examples = traceable.examples(len(graph.query_numbers), len(graph.document_numbers))
    free = tuple({0: torch.export.Dim.DYNAMIC} for _ in examples)
    with torch.no_grad():
        program = torch.export.export(
            traceable, tuple(examples), dynamic_shapes=(free,), strict=False
        )
    feed = graph.feed(lists)
    path = run / "program.pt2"
    torch.export.save(program, path)
    return torch.export.load(path).module(), {
        name: torch.from_numpy(feed[name].copy()) for name in traceable.inputs
    }


def _in_turns(ways: dict[str, Callable[[], object]]) -> dict[str, list[tuple[float, float]]]:
    """Seconds of processor time, and seconds that passed, of every call."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for turn in range(CALLS + 20):
        for name, way in ways.items():
            began, busy = time.perf_counter(), time.process_time()
            way()
            if turn >= 20:
                times[name].append((time.process_time() - busy, time.perf_counter() - began))
    return times


EXPORTED = """
from ltr.exported import Exported
Exported.load(sys.argv[1] + "/float32").score(columns)
"""
RANKER = """
import polars as pl
from pipelines.scoring import Ranker
Ranker.load(sys.argv[1]).score(pl.DataFrame(columns))
"""
CHILD = """
import json, sys, time
columns = json.loads(sys.stdin.read())
began = time.perf_counter()
{body}
took = time.perf_counter() - began
names = {{name.partition(".")[0] for name in sys.modules}}
print(json.dumps([time.process_time(), took, sorted(names)]))
"""


def start(run: Path) -> Iterator[str]:
    """Rows of the time of a process until its first scores."""
    frame = pl.read_parquet(LOG / "2026-10-14.parquet").head(DOCUMENTS)
    frame = frame.with_columns(request_id=pl.lit("one")).drop("time")
    for name, body in (("`ltr.exported`", EXPORTED), ("`pipelines.scoring.Ranker`", RANKER)):
        done = [_child(CHILD.format(body=body), run, frame) for _ in range(5)]
        busy, took = (
            statistics.median(part) for part in ([one[0] for one in done], [one[1] for one in done])
        )
        model = run / "float32" if body == EXPORTED else run / "model"
        size = sum(one.stat().st_size for one in (model.rglob("*") if model.is_dir() else [model]))
        packages = _megabytes(done[0][2])
        yield f"| {name} | {busy:.2f} | {took:.2f} | {packages:,.0f} | {size / 1e6:.1f} |"


def _child(code: str, run: Path, frame: pl.DataFrame) -> tuple[float, float, list[str]]:
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-W", "ignore", "-c", code, str(run)],
        input=json.dumps(frame.to_dict(as_series=False)),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    busy, took, names = json.loads(done.stdout.splitlines()[-1])
    return busy, took, names


def _megabytes(modules: Sequence[str]) -> float:
    """Size of all files of the distributions that some modules are of."""
    owners = importlib.metadata.packages_distributions()
    names = {one for module in modules for one in owners.get(module, ())} - {"ltr"}
    files = [file for name in names for file in importlib.metadata.files(name) or ()]
    return sum(file.size or 0 for file in files) / 1e6


def _versions() -> str:
    names = ("torch", "onnxruntime", "numpy")
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)


if __name__ == "__main__":
    main()

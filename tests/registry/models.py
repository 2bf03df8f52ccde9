"""Small folders of models, as `ltr train` leaves them, without training any."""

import datetime
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from pipelines.registry import About, Lineage, LogFile, Registry, Version

SHA = "ab" * 32
NIGHT = datetime.date(2026, 11, 21)


def lineage(**changed) -> Lineage:
    files = (LogFile(file="log/2026-11-21.parquet", sha256=SHA, rows=120),)
    rows = {"read": 120, "kept": 100, "filtered": {"ads": 5}, "rejected": {"no query": 15}}
    content = {
        "code": "0.1.0",
        "date": NIGHT,
        "files": files,
        "rows": rows,
        "lists": {"train": 8, "validation": 1, "test": 1},
    }
    return Lineage.model_validate({**content, **changed})


def estimate(value: float) -> dict[str, object]:
    return {"value": value, "low": value - 0.02, "high": value + 0.02, "lists": 508, "blank": 84}


def evaluation(value: float = 0.6) -> dict[str, object]:
    """The part of a report that the registry reads."""
    return {
        "format": "ltr-report/1",
        "job": "sample",
        "rules": {"gain": "exp2", "cutoffs": [10], "confidence": 0.95, "blank": "skip"},
        "model": {"name": "model", "ndcg": {"10": estimate(value)}},
        "baselines": [{"name": "logged order", "ndcg": {"10": estimate(0.5)}}],
        "differences": [
            {"cutoff": 10, "baseline": "logged order", "estimate": estimate(value - 0.5)}
        ],
        "lists": {
            "headline": "ndcg@10",
            "slices": [
                {"by": "device", "value": "phone", "lists": 300, "candidate": estimate(value)},
            ],
        },
        "notes": ["Logged order is a strong baseline."],
    }


def gate() -> dict[str, object]:
    rule = {"rule": "not_worse", "subject": "ndcg@10", "passed": True, "says": "+0.01"}
    idle = {"rule": "drift", "subject": "lists", "passed": True, "applies": False, "says": "new"}
    phone = {"kind": "slice", "column": "device", "word": "phone", "difference": estimate(0.03)}
    return {"promote": True, "champion": "v0000", "rules": [rule, idle], "compared": [phone]}


def model(folder: Path, seed: int = 0, **changed) -> Path:
    """Write the folder of a model; another seed gives another one."""
    (folder / "encoder").mkdir(parents=True)
    features = [
        {"side": "document", "name": "document_id", "kind": "id", "size": 4},
        {"side": "document", "name": "price", "kind": "number", "size": None},
    ]
    card = {
        "format": "ltr-model/1",
        "features": features,
        "encoder": "c67c",
        "grading": {"grades": [{"grade": 1, "when": "clicks > 0"}]},
        "recipe": {"loss": {"name": "graded_hinge"}, "training": {"epochs": 3, "seed": seed}},
        "best_epoch": 2,
        "validation_ndcg": 0.61,
    }
    write(folder / "model.json", {**card, **changed})
    write(folder / "history.json", [{"epoch": 1, "train_loss": 0.5}])
    write(folder / "encoder" / "encoder.json", {"format": "ltr-encoder/1", "columns": []})
    weights = np.random.default_rng(seed).normal(size=(4, 4)).astype(np.float32)
    save_file({"table.weight": weights}, folder / "model.safetensors")
    return folder


def write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2))


def about(value: float = 0.6, **changed) -> About:
    job = {"log": {"path": "../log/*.parquet"}, "training": {"epochs": 3}}
    return About(lineage=lineage(**changed), evaluation=evaluation(value), gate=gate(), job=job)


def filled(folder: Path, num_versions: int = 2) -> tuple[Registry, tuple[Version, ...]]:
    """A registry of some versions, each of them promoted in its turn."""
    registry = Registry(folder / "models")
    for number in range(1, num_versions + 1):
        value = 0.5 + number / 100
        version = registry.add(model(folder / f"model{number}", number), about(value))
        registry.promote(version.name, why=f"night {number}")
    return registry, registry.versions()


def champion(registry: Registry) -> str:
    """The name of the champion, whose files were all compared."""
    version = registry.champion()
    assert version
    return version.name

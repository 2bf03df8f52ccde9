"""A promotion as a run of MLflow: settings, metrics and intervals, and the version's files."""

import importlib
import logging
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ltr.errors import LtrError
from pipelines.registry import facts
from pipelines.registry.journal import Promotion
from pipelines.registry.version import Version

log = logging.getLogger("ltr.registry")

PARAMS_AT_ONCE: Final = 100
"""What a server takes in one call."""
VALUE: Final = 500
"""Letters of a parameter's value, which servers of any age take."""


def log_promotion(version: Version, record: Promotion, *, uri: str, experiment: str) -> str | None:
    """Tell MLflow of a promotion; the same one is not told twice.

    A server that is not there, or refuses, is a warning: the promotion stands whatever it says.

    Args:
        version: That became the champion.
        record: Of its promotion.
        uri: Of the tracking server, or of a database, e.g. ``sqlite:///mlflow.db``.
        experiment: Made if there is none of this name.

    Returns:
        The run's id; None if the server did not take it.

    Raises:
        LtrError: The package mlflow is not installed.
        RegistryError: The version's records cannot be read.
    """
    try:
        mlflow: Any = importlib.import_module("mlflow")
    except ModuleNotFoundError as error:
        msg = "tracking.mlflow needs the package mlflow; pip install 'ltr[mlflow]'"
        raise LtrError(msg) from error
    params, metrics, tags = _params(version), _metrics(version), _tags(version, record)
    try:
        client = mlflow.MlflowClient(tracking_uri=uri)
        number = _experiment(client, experiment)
        if told := client.search_runs([number], filter_string=_same(tags), max_results=1):
            return str(told[0].info.run_id)
        run: str = client.create_run(number, run_name=version.name, tags=tags).info.run_id
        _send(mlflow, client, run, params, metrics)
        client.log_artifacts(run, str(version.folder), artifact_path="model")
        client.set_terminated(run, status="FINISHED")
    except (mlflow.exceptions.MlflowException, OSError) as error:
        told = f"tracking.mlflow: {uri}: {(str(error).splitlines() or [''])[0]}"
        log.warning(re.sub(r"//[^/@\s]*@", "//", told))  # a password in an address stays unsaid
        return None
    return run


def _experiment(client: Any, name: str) -> str:  # noqa: ANN401 - MLflow's client
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name))


def _same(tags: Mapping[str, str]) -> str:
    """A run that came to its end with the same version and the same number of promotion."""
    keys = ("ltr.checksums", "ltr.promotion")
    told = [f"tags.`{key}` = '{tags[key]}'" for key in keys]
    return " and ".join([*told, "attributes.status = 'FINISHED'"])


def _send(
    mlflow: Any,  # noqa: ANN401 - a module
    client: Any,  # noqa: ANN401 - MLflow's client
    run: str,
    params: Mapping[str, str],
    metrics: Mapping[str, float],
) -> None:
    entities = mlflow.entities
    for some in _parts(params.items()):
        client.log_batch(run, params=[entities.Param(key, value) for key, value in some])
    now = int(time.time() * 1000)
    for some in _parts(metrics.items()):
        points = [entities.Metric(key, value, now, 0) for key, value in some]
        client.log_batch(run, metrics=points)


def _parts(items: Iterable[tuple[str, Any]]) -> Iterable[list[tuple[str, Any]]]:
    every = list(items)
    for at in range(0, len(every), PARAMS_AT_ONCE):
        yield every[at : at + PARAMS_AT_ONCE]


def _params(version: Version) -> dict[str, str]:
    settings = facts.settings_of(version)
    return {_name(key): str(value)[:VALUE] for key, value in settings.items()}


def _metrics(version: Version) -> dict[str, float]:
    evaluation = facts.evaluation_of(version)
    found = {}
    for prefix, part in {
        "": evaluation.metrics,
        "difference/": evaluation.against,
        "slice/": evaluation.slices,
    }.items():
        for one in part:
            for end, value in one.estimate.model_dump(include={"value", "low", "high"}).items():
                name = f"{prefix}{one.name}" if end == "value" else f"{prefix}{one.name} {end}"
                if value is not None:
                    found[_name(name)] = value
    return found


def _tags(version: Version, record: Promotion) -> dict[str, str]:
    lineage = version.lineage
    return {
        "ltr.version": version.name,
        "ltr.checksums": record.checksums,
        "ltr.promotion": str(record.number),
        "ltr.kind": record.kind,
        "ltr.why": record.why,
        "ltr.forced": str(record.forced).lower(),
        "ltr.parent": lineage.parent or "",
        "ltr.code": lineage.code,
        "ltr.date": str(lineage.date or ""),
    }


def _name(text: str) -> str:
    """Write a name of letters that MLflow takes.

    Example:
        >>> _name("slice/ndcg@10: device=phone")
        'slice/ndcg at 10_ device_phone'
    """
    return re.sub(r"[^A-Za-z0-9_\-. /]", "_", text.replace("@", " at "))

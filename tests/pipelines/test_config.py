import json

import pytest

from pipelines.config import load_job, parse_job
from pipelines.errors import ConfigError
from tests.pipelines.job_tables import table


def test_a_complete_job_is_read_with_its_defaults():
    job = parse_job(table())
    assert job.log.query == "request"
    assert job.grades[0].when == "buys > 0"
    assert job.features.document.kinds == {"item": "id", "tags": "ids", "price": "number"}
    assert job.evaluation.cutoffs == (1, 5, 10)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training__epochs": 0}, r"^training\.epochs: must be greater than or equal to 1; got 0$"),
        ({"training__epochs": "3"}, r"^training\.epochs: must be a valid integer; got '3'$"),
        ({"training__epoch": 3}, r"^training\.epoch: unknown key; did you mean 'epochs'\?$"),
        ({"log__qeury": "q", "log__query": None}, r"^log\.qeury: .*did you mean 'query'"),
        ({"entirely": 1}, r"^entirely: unknown key$"),
        ({"events__acton": "x"}, r"^events\.acton: unknown key; did you mean 'action'"),
        ({"log__query": None}, r"^log\.query: is required$"),
        ({"features__document__ids": "item"}, r"^features\.document\.ids: must be a valid list"),
        ({"features__query__ids": ["user", "user"]}, r"^features\.query: .*twice; got 'user'$"),
        ({"features__document": {}}, r"^features\.document: must name at least one column"),
        ({"grades": [{"grade": 99, "when": "x"}]}, r"^grades\[0\]\.grade: .*31; got 99$"),
        ({"grades": [{"grade": 1, "whn": "x"}]}, r"^grades\[0\]\.whn: .*did you mean 'when'"),
        ({"grades": [{"grade": 0, "when": "x"}]}, r"^grades\[0\]\.grade: .*1; got 0$"),
        (
            {"grades": [{"grade": 1, "when": "x"}, {"grade": 1, "when": "y"}]},
            r"^grades\[1\]\.grade: is given by grades\[0\] already; join the two with OR; got 1$",
        ),
        ({"events__window": "soon"}, r"^events\.window: must be a time span such as '30m'"),
        ({"events__window": -1}, r"^events\.window: .* or a whole number from 0$"),
        ({"events__counts": {}}, r"^events: must make a column: give counts, sums or maxima$"),
        (
            {"events__sums": {"buys": {"action": "buy", "value": "price"}}},
            r"^events: makes a column that exists already; got 'buys'$",
        ),
        (
            {"events__sums": {"worth": {"acton": "buy", "value": "price"}}},
            r"^events\.sums\.worth\.acton: unknown key; did you mean 'action'",
        ),
        (
            {"events__counts": {"skipped": "buy"}, "acted": {"when": "skipped > 0"}},
            r"^events: makes a column that exists already; got 'skipped'$",
        ),
        ({"gate__slices": ["device"]}, r"^gate\.slices: .* there are none; got 'device'$"),
        ({"gate__confidence": 0.5}, r"^gate\.confidence: must be greater than 0\.5; got 0\.5$"),
        ({"gate__off": ["headline"]}, r"^gate\.off\[0\]: must be .* got 'headline'$"),
        ({"grades": None}, r"^grades: give either"),
        ({"log__grade": "label"}, r"^grades: give either"),
        ({"log__session": None}, r"^log\.session: is needed to attribute"),
        ({"lists__min_documents": 9, "lists__max_documents": 3}, r"^lists\.min_documents: .*got 9"),
        ({"split__test": 0.95}, r"^split\.validation: must leave lists .*\(0\.95\); got 0\.1$"),
        ({"split__test": 1.0}, r"^split\.test: must be less than 1; got 1\.0$"),
        ({"evaluation__gain": "exp"}, r"^evaluation\.gain: must be 'exp2' or 'linear'; got 'exp'$"),
        ({"evaluation__cutoffs": [5, 5]}, r"^evaluation\.cutoffs: must differ; got \[5, 5\]$"),
        (
            {"evaluation__by": ["price"]},
            r"^evaluation\.by: must be an id or number of features\.query; there are .*'price'$",
        ),
        ({"evaluation__frequency": "x"}, r"^evaluation\.frequency: must be an id"),
        ({"evaluation__metrics": ["ndgc@5"]}, r"^evaluation\.metrics: .*did you mean 'ndcg'"),
        ({"evaluation__metrics": ["ece"]}, r"^evaluation\.metrics: .*no probabilities"),
        ({"evaluation__metrics": ["NDCG@5"]}, r"^evaluation\.metrics: must not repeat NDCG"),
        ({"evaluation__seed": 2**63}, r"^evaluation\.seed: "),
        ({"evaluation__cutoffs": []}, r"^evaluation\.cutoffs: .*at least 1"),
        *(
            (
                {f"features__document__columns__{column}": settings},
                rf"^features\.document\.{message}",
            )
            for column, settings, message in [
                (
                    "price",
                    {"buckets": 9},
                    r"columns\.price\.buckets: is no setting of numbers, which",
                ),
                (
                    "item",
                    {"log1p": True},
                    r"columns\.item\.log1p: is no setting of ids, which have m",
                ),
                ("item", {"keep": "frequent"}, r"columns\.item\.keep: is no setting of ids,"),
                (
                    "item",
                    {"hashes": 2},
                    r"columns\.item\.hashes: needs buckets .column 'item'.; got 2",
                ),
                ("item", {"buckets": 0}, r"columns\.item\.buckets: must be greater .* 1; got 0$"),
                (
                    "item",
                    {"bucket": 9},
                    r"columns\.item\.bucket: unknown key; did you mean 'buckets'",
                ),
                (
                    "item",
                    {"buckets": 9, "max_ids": 3},
                    r"columns\.item\.max_ids: is of a vocabulary",
                ),
                ("tags", {"keep": "frequent"}, r"columns\.tags\.keep: needs max_length"),
                (
                    "tags",
                    {"keep": "frequent", "buckets": 9, "max_length": 2},
                    r"columns\.tags\.keep: must be 'first' with buckets",
                ),
                (
                    "price",
                    {"clip": [9, 1]},
                    r"columns\.price\.clip: must be the lowest .*got \[9.0, 1",
                ),
                ("price", {"clip": [0, 1e39]}, r"columns\.price\.clip: .* within 1e\+38"),
                ("price", {"scale": "std"}, r"columns\.price\.scale: must be 'standard', 'minmax'"),
                ("pric", {"log1p": True}, r"columns\.pric: names no feature .* mean 'price'\?$"),
                (
                    "*",
                    {"log1p": True},
                    r"columns\.\*\.log1p: is no setting of ids, .*column 'item'",
                ),
            ]
        ),
        (
            {
                "features__query__numbers": ["hour"],
                "features__query__columns__hour": {"scale": "list_minmax"},
            },
            r"^features\.query\.columns\.hour\.scale: must not be within the list",
        ),
        (
            {
                "features__document__numbers": ["x", "x:missing"],
                "features__document__columns": {"x": {"missing": True}},
            },
            r"^features\.document\.columns\.x\.missing: makes the feature 'x:missing', which is",
        ),
        ({"training__learning_rate": float("inf")}, r"^training\.learning_rate: .*finite"),
        ({"towers__embedding_dim": 6}, r"^towers\.embedding_dim: must be a multiple of 4; got 6$"),
    ],
)
def test_an_error_names_the_dotted_key_the_rule_and_the_value(changes, message):
    with pytest.raises(ConfigError, match=message):
        parse_job(table(**changes))


def test_a_columns_own_settings_go_before_the_first_pattern_that_matches():
    job = parse_job(
        table(
            features__document__numbers=["price", "f1", "f2*"],
            features__document__columns={
                "f?": {"scale": "uniform"},
                "f*": {"scale": "normal"},
                "f1": {"log1p": True},
            },
        )
    )
    column = job.features.document.column
    assert (column("f1").scale, column("f1").log1p) == ("standard", True)
    assert (column("f2").scale, column("f20").scale) == ("uniform", "normal")
    assert column("price") == type(column("price"))()


def test_a_job_that_a_manifest_carries_is_the_job():
    columns = {"price": {"clip": [0, 9], "missing": True}, "item": {"buckets": 9, "hashes": 2}}
    job = parse_job(table(features__document__columns=columns))
    assert parse_job(json.loads(job.model_dump_json())) == job


def test_a_misspelt_key_is_told_before_the_missing_one_it_stands_for():
    with pytest.raises(ConfigError, match="did you mean 'document'"):
        parse_job(table(log__documnt="item", log__document=None))


def test_a_missing_job_file_is_one_clear_line(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read \(No such file"):
        load_job(tmp_path / "none.toml")


def test_a_job_file_that_is_not_toml_says_where(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text('output = "run\n')
    with pytest.raises(ConfigError, match=r"job\.toml: is not TOML .*line 1"):
        load_job(path)


def test_an_error_in_a_file_names_the_file(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text("nothing = 1\n")
    with pytest.raises(ConfigError, match=r"job\.toml: nothing: unknown key"):
        load_job(path)

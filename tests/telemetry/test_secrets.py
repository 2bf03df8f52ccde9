import json

import pytest

from pipelines.config import Notify, parse_job
from pipelines.errors import ConfigError
from pipelines.telemetry import hide, redact
from tests.pipelines.job_tables import table


@pytest.mark.parametrize(
    "name",
    [
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "GITHUB_TOKEN",
        "MLFLOW_TRACKING_PASSWORD",
        "db_password",
        "SLACK_WEBHOOK",
        "AZURE_STORAGE_ACCOUNT_KEY",
    ],
)
def test_a_variable_whose_name_says_that_it_is_a_secret_is_hidden(monkeypatch, name):
    monkeypatch.setenv(name, "hunter-2-hunter")
    assert redact("before hunter-2-hunter after") == "before *** after"


@pytest.mark.parametrize("name", ["TOKENIZERS_PARALLELISM", "PWD", "KEYBOARD", "PASSWORD_FILE"])
def test_other_variables_are_not(monkeypatch, name):
    monkeypatch.setenv(name, "innocent value")
    assert redact("an innocent value") == "an innocent value"


def test_a_value_too_short_to_be_one_is_not_hidden(monkeypatch):
    monkeypatch.setenv("API_KEY", "a")
    assert redact("a banana") == "a banana"


def test_of_an_address_that_the_job_names_every_secret_part_is_hidden(monkeypatch):
    address = "https://bob:pa55word@hooks.example/services/T01/B0234567?sig=abc%2Fdefgh"
    monkeypatch.setenv("WHERE_TO", address)
    hide("WHERE_TO")
    for told in (
        address,
        "/services/T01/B0234567?sig=abc%2Fdefgh",
        "B0234567",
        "pa55word",
        "abc/defgh",
        "abc%2Fdefgh",
    ):
        assert redact(f"got {told} there") == "got *** there"
    assert redact("services are up") == "services are up"


def test_a_longer_secret_is_hidden_whole_though_a_shorter_one_is_in_it(monkeypatch):
    monkeypatch.setenv("A_TOKEN", "secret")
    monkeypatch.setenv("B_TOKEN", "secretsecret-long")
    assert redact("secretsecret-long, secret") == "***, ***"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("at s3://me:pass@bucket/x", "at s3://***@bucket/x"),
        (
            "GET https://x/y?a=1&X-Amz-Signature=deadbeef&b=2",
            "GET https://x/y?a=1&X-Amz-Signature=***&b=2",
        ),
        ("blob?sv=1&sig=AbC%3D", "blob?sv=1&sig=***"),
        ("Authorization: Bearer abcdefgh.ijkl", "Authorization: Bearer ***"),
        ("nothing: of it@all, key=value", "nothing: of it@all, key=value"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_wherever_it_came_from(text, hidden):
    assert redact(text) == hidden


def test_a_value_that_is_no_valid_address_is_hidden_all_the_same(monkeypatch):
    monkeypatch.setenv("A_WEBHOOK", "http://[s3cr3t-s3cr3t")
    assert redact("s: http://[s3cr3t-s3cr3t") == "s: ***"


def refusal(**changes):
    with pytest.raises(ConfigError, match=r"notify") as refused:
        parse_job({**table(), "notify": changes})
    return str(refused.value)


def test_an_address_in_the_job_file_is_refused_and_not_repeated():
    assert refusal(url_env="https://hooks.example/s3cr3t") == (
        "notify.url_env: must be the name of an environment variable, not what it holds"
    )
    assert refusal(url="https://hooks.example/s3cr3t") == (
        "notify.url: unknown key; did you mean 'url_env'?"
    )


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("tracking", "mlflow", "postgresql://ltr:s3cr3t@db/mlflow"),
        ("log", "path", "s3://id:s3cr3t@bucket/{date}/*.parquet"),
        ("log", "path", "https://store/log.parquet?X-Amz-Signature=s3cr3t"),
        ("notify", "command", ["curl", "https://bob:s3cr3t@hooks.example"]),
    ],
)
def test_a_password_in_the_job_file_is_refused_and_not_repeated(section, key, value):
    held = table()
    held[section] = {**held.get(section, {}), key: value}
    with pytest.raises(ConfigError, match="must not hold a secret") as refused:
        parse_job(held)
    assert str(refused.value).startswith(f"{section}.{key}")
    assert "s3cr3t" not in str(refused.value)


def test_a_job_with_hooks_holds_no_address(monkeypatch):
    monkeypatch.setenv("NIGHT_HOOK", "https://hooks.example/s3cr3t")
    job = parse_job({**table(), "notify": {"url_env": "NIGHT_HOOK", "textfile": "x.prom"}})
    assert job.notify == Notify(url_env="NIGHT_HOOK", textfile="x.prom")
    assert "s3cr3t" not in json.dumps(job.model_dump(mode="json"))


def test_a_textfile_of_another_suffix_is_refused():
    assert refusal(textfile="x.txt") == (
        "notify.textfile: must end in .prom, or the collector passes it over; got 'x.txt'"
    )

import json
import re

import polars as pl
import pytest

from pipelines.cli import main
from tests.inspect.folders import folder_of, random_rows, row

JOB = """
output = "run"
[log]
path = "log.parquet"
query = "request"
document = "item"
time = "shown"
position = "rank"
grade = "stars"
[features]
min_count = 1
[features.query]
ids = ["user"]
numbers = ["hour"]
[features.document]
ids = ["item"]
id_lists = ["tags"]
numbers = ["price"]
[drift]
numbers = 0.5
"""
BOLD = "<b onmouseover=alert(1)>&amp;"


def log():
    return pl.DataFrame(
        [
            {
                "request": f"q{i:02}{BOLD}",
                "item": f"d{j}{BOLD}",
                "shown": f"2026-11-0{1 + i // 5} 10:00:0{i % 5}",
                "rank": j + 1,
                "stars": int(j == i % 3),
                "user": f"u{i % 3}",
                "hour": float(i),
                "tags": [f"t{j}", "all"] if j else [],
                "price": 5.25 + j,
            }
            for i in range(20)
            for j in range(4)
        ]
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("job")
    log().write_parquet(folder / "log.parquet")
    (folder / "job.toml").write_text(JOB)
    assert main(["prepare", str(folder / "job.toml")]) == 0
    return folder / "run"


@pytest.fixture
def ltr(capsys):
    """Run `ltr inspect` and return its exit code and what it printed."""

    def command(*arguments):
        capsys.readouterr()
        code = main(["inspect", *(str(argument) for argument in arguments)])
        return code, capsys.readouterr()

    return command


def refused(ltr, *arguments):
    code, printed = ltr(*arguments)
    assert code == 2
    assert printed.out == ""
    return printed.err.splitlines()[-1].removeprefix("ltr: error: ")


def test_a_profile_is_plain_text_where_there_is_no_terminal(run, ltr):
    code, printed = ltr(run)
    assert code == 0
    assert "\x1b" not in printed.out
    assert "20 lists of 80 documents" in printed.out.splitlines()[0]
    for title in ("Lists", "Rows of the log: 80 read", "Grades", "Lengths", "Ids", "Numbers"):
        assert title in printed.out.splitlines()
    assert re.search(r"^document/price +5.25 .* 8.25 ", printed.out, re.MULTILINE)
    assert not [line for line in printed.out.splitlines() if line.endswith(" ")]


def test_json_is_all_that_is_printed_if_asked_for(run, ltr):
    found = json.loads(ltr(run, "--json")[1].out)
    assert found["all"]["grades"] == {"0": 60, "1": 20}
    assert found["parts"]["test"]["lists"] == 4
    assert found["rows"]["kept"] == 80


def test_one_list_reads_as_the_log_was_written(run, ltr):
    query = f"q07{BOLD}"
    (found,) = json.loads(ltr(run, "--query", query, "--json")[1].out)
    assert (found["query"], found["part"]) == (query, "train")
    assert found["time"].startswith("2026-11-02 10:00:02")
    assert found["features"] == {"user": "u1", "hour": 7.0}
    third = found["documents"][2]
    assert (third["document"], third["position"], third["grade"]) == (f"d2{BOLD}", 3, 0)
    assert third["features"] == {"item": f"d2{BOLD}", "tags": ["t2", "all"], "price": 7.25}


def test_one_list_is_shown_in_logged_order(run, ltr):
    code, printed = ltr(run, "--query", f"q07{BOLD}")
    assert code == 0
    lines = printed.out.splitlines()
    assert lines[0] == f"query q07{BOLD}"
    assert lines[1].endswith("4 documents: 1 of grade 1, 3 of grade 0")
    documents = [line.split()[0] for line in lines if line.startswith("d") and "<b" in line]
    assert documents == ["d0<b", "d1<b", "d2<b", "d3<b"]
    assert "(none)" in printed.out


def test_an_unknown_query_is_answered_with_the_nearest_ids(run, ltr):
    said = refused(ltr, run, "--query", "q07")
    assert f"has the query id 'q07'; the nearest by alphabet: 'q06{BOLD}' and 'q07{BOLD}'" in said


def test_a_query_of_another_part_is_not_found(run, ltr):
    assert "no list of test has" in refused(ltr, run, "--query", f"q07{BOLD}", "--part", "test")


def test_parts_can_be_chosen_and_a_wrong_one_is_refused(run, ltr):
    assert json.loads(ltr(run, "--part", "test", "--json")[1].out)["all"]["lists"] == 4
    said = refused(ltr, run, "--part", "tset")
    assert said == "--part: must be of train, validation, test; got 'tset'"


def test_a_folder_without_lists_is_named(tmp_path, ltr):
    assert refused(ltr, tmp_path).startswith(f"{tmp_path} is no folder of lists")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--query", "q", "--against", "x"], "it does not go with --against"),
        (["--limit", "numbers=1"], "they need --against"),
        (["--limits", "job.toml"], "they need --against"),
    ],
)
def test_options_that_do_not_fit_are_refused(run, ltr, arguments, message):
    assert message in refused(ltr, run, *arguments)


@pytest.fixture
def moved(tmp_path):
    folder_of(tmp_path / "old", random_rows(400))
    folder_of(tmp_path / "new", random_rows(400, seed=1, shift=1.0))
    return tmp_path / "new", "--against", tmp_path / "old"


def test_drift_beyond_a_limit_has_an_exit_code_of_its_own(moved, ltr):
    code, printed = ltr(*moved)
    assert code == 3
    lines = printed.out.splitlines()
    assert lines[2].endswith("rules beyond their limits:")
    assert lines[3].startswith("  numbers: document/price: stability index ")
    assert ltr(moved[0], "--against", moved[0])[0] == 0


def test_a_single_limit_goes_before_the_files_and_the_files_before_the_jobs_own(moved, ltr, run):
    job = run.parent / "job.toml"
    assert ltr(*moved, "--limits", job)[0] == 3
    assert ltr(*moved, "--limits", job, "--limit", "numbers=9")[0] == 0
    (moved[0] / "manifest.json").write_text(
        (moved[0] / "manifest.json")
        .read_text()
        .replace('"job": {}', '"job": {"drift": {"numbers": 9}}')
    )
    assert ltr(*moved)[0] == 0
    assert ltr(*moved, "--limits", job)[0] == 3


def test_a_rule_can_be_switched_off_and_on_again(moved, ltr):
    assert ltr(*moved, "--limit", "numbers=off")[0] == 0
    assert ltr(*moved, "--limit", "numbers=off", "--limit", "numbers=0.1")[0] == 3


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("numbers", "must be RULE=NUMBER or RULE=off, e.g. numbers=0.1; got 'numbers'"),
        ("number=1", "number: unknown key; rules: schema, fewer_lists, "),
        ("relevant=0.5", "relevant: must be greater than or equal to 1; got 0.5"),
        ("numbers=nan", "numbers: must be a finite number"),
    ],
)
def test_a_limit_that_is_none_is_refused(moved, ltr, limit, message):
    assert message in refused(ltr, *moved, "--limit", limit)


def test_findings_are_json_too(moved, ltr):
    code, printed = ltr(*moved, "--json", "--limit", "blank=off")
    assert code == 3
    found = json.loads(printed.out)
    assert found["broken"] is True
    assert "blank" not in {one["rule"] for one in found["findings"]}
    assert found["findings"][0]["subject"] == "document/price"


def test_an_id_cannot_steer_a_terminal(tmp_path, ltr):
    folder_of(tmp_path, [row([1, 0], query_id="a\x1b[2J\nb", document_id=["[red]x", "y"])])
    code, printed = ltr(tmp_path, "--query", "a\x1b[2J\nb")
    assert code == 0
    assert "\x1b" not in printed.out
    assert printed.out.startswith("query a\\x1b[2J\\nb\n")
    assert "[red]x" in printed.out


def test_a_page_is_written_beside_the_text(run, ltr, tmp_path):
    code, printed = ltr(run, "--html", tmp_path / "page.html")
    assert code == 0
    assert f"wrote {tmp_path / 'page.html'}" in printed.out
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")


def test_a_page_that_cannot_be_written_is_one_line(run, ltr, tmp_path):
    assert "page.html" in refused(ltr, run, "--html", tmp_path / "none" / "page.html")

import json

import pytest
from pydantic import ValidationError

from pipelines.report import read_report, write_report
from tests.report.examples import good_report, undefined_report


def test_writes_three_files(tmp_path):
    paths = write_report(good_report(), tmp_path)
    assert [path.name for path in paths] == ["report.json", "report.md", "report.html"]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_equal_reports_give_equal_bytes(tmp_path):
    first, second = (
        [p.read_bytes() for p in write_report(undefined_report(), tmp_path)] for _ in "12"
    )
    assert first == second


@pytest.mark.parametrize("make", [good_report, undefined_report])
def test_reads_back_what_it_wrote(tmp_path, make):
    path, _, _ = write_report(make(), tmp_path)
    assert read_report(path) == make()


def test_json_is_plain_and_leads_with_its_format(tmp_path):
    path, _, _ = write_report(undefined_report(), tmp_path)
    found = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert list(found)[:3] == ["format", "job", "rules"]
    assert found["format"] == "ltr-report/1"
    assert found["model"]["ndcg"]["10"]["value"] is None


def test_a_file_of_another_format_is_refused(tmp_path):
    path, _, _ = write_report(undefined_report(), tmp_path)
    path.write_text(path.read_text().replace("ltr-report/1", "ltr-report/0"))
    with pytest.raises(ValidationError, match="ltr-report/1"):
        read_report(path)

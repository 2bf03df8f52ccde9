"""docs/gate.md: every rule, every key with its default, code that runs."""

import re
from pathlib import Path

from pipelines.config import Gate
from pipelines.gate import judge
from tests.docs.blocks import run_python
from tests.gate.evidence import evidence

PAGE = Path(__file__).parents[2] / "docs" / "gate.md"


def rows():
    """The cells of the table of rules, by the rule's name."""
    table = PAGE.read_text(encoding="utf-8").partition("## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| .* \|([^|]*)\|$", table, re.MULTILINE))


def test_every_rule_has_its_line_in_the_order_of_a_verdict():
    assert list(rows()) == list(dict.fromkeys(one.rule for one in judge(evidence(), Gate()).rules))


def test_the_keys_beside_the_rules_have_those_defaults():
    told = dict(re.findall(r"`(\w+)`, ([\w.]+)", " ".join(rows().values())))
    keys = Gate.model_fields
    assert set(told) == set(keys) - {"confidence", "off"}
    for name, said in told.items():
        assert said == ("none" if keys[name].default == () else str(keys[name].default)), name


def test_the_code_decides(capsys):
    assert run_python(PAGE) == 1
    assert capsys.readouterr().out == "True - all 5 rules hold\n"

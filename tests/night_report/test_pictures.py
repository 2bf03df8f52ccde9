from pipelines.night_report.pictures import gate_picture, rankers_picture, steps_picture
from pipelines.report.canvas import CSS, MODEL, SERIES
from tests.night_report import nights
from tests.night_report.nights import verdict


def test_a_difference_beyond_its_margin_has_another_colour_and_says_so():
    drawn = gate_picture(verdict(desk=-0.06))
    assert "device: desk fails" in drawn.spoken
    assert CSS[SERIES[1]] in drawn.svg
    held = gate_picture(verdict())
    assert "fails" not in held.spoken
    assert CSS[SERIES[1]] not in held.svg
    assert CSS[MODEL] in held.svg


def test_every_margin_is_drawn_and_the_judged_come_first():
    drawn = gate_picture(verdict())
    assert drawn.svg.count("stroke-dasharray") == 5
    assert drawn.spoken.startswith("all lists +0.0")
    assert drawn.spoken.split("; ")[-1].startswith("device: watch")


def test_the_rankers_are_drawn_best_first():
    assert [one.split(" ")[0] for one in rankers_picture(verdict()).spoken.split("; ")] == [
        "v0008",
        "v0007",
        "logged",
        "random",
    ]


def test_a_night_of_which_nothing_ran_anew_has_no_bars():
    assert "nothing to draw" in steps_picture({"train": 0.0}).svg
    assert "312.0 s" in steps_picture(nights.SECONDS).spoken

"""A step is done again if its key, or what it left, is not what it was; and not otherwise."""

import pytest

from ltr.atomic import replace_folder
from pipelines.nightly.steps import Quiet, Steps, Task, Undone


class Killed(BaseException):
    """Nobody catches a kill."""


def steps(folder, *, plan=False):
    return Steps(folder / "steps", Quiet(), plan=plan)


def task(folder, key, *, dies=None):
    """Counts how often it was done, in a file that stays, and leaves a folder."""

    def work():
        if dies == "before":
            raise Killed
        with replace_folder(folder / "made") as made:
            (made / "key").write_text(str(key))
        with (folder / "count").open("a") as file:
            file.write("x")
        if dies == "after":
            raise Killed
        return {"said": key["a"]}

    return Task("make", key, work, folder / "made")


def times(folder):
    return len((folder / "count").read_text())


def test_what_is_there_under_the_same_key_is_not_made_again(tmp_path):
    for _ in range(2):
        assert steps(tmp_path).do(task(tmp_path, {"a": 1})) == {"said": 1}
    assert times(tmp_path) == 1


def test_another_key_makes_it_again(tmp_path):
    for value in (1, 2):
        steps(tmp_path).do(task(tmp_path, {"a": value}))
    assert times(tmp_path) == 2


def test_what_was_removed_is_made_again(tmp_path):
    steps(tmp_path).do(task(tmp_path, {"a": 1}))
    (tmp_path / "made").unlink()
    steps(tmp_path).do(task(tmp_path, {"a": 1}))
    assert times(tmp_path) == 2


def test_a_kill_between_the_rename_and_the_record_costs_nothing(tmp_path):
    with pytest.raises(Killed):
        steps(tmp_path).do(task(tmp_path, {"a": 1}, dies="after"))
    steps(tmp_path).do(task(tmp_path, {"a": 1}))
    assert times(tmp_path) == 1


def test_what_an_earlier_key_left_is_not_taken_for_the_later_ones(tmp_path):
    steps(tmp_path).do(task(tmp_path, {"a": 1}))
    with pytest.raises(Killed):
        steps(tmp_path).do(task(tmp_path, {"a": 2}, dies="before"))
    steps(tmp_path).do(task(tmp_path, {"a": 2}))
    assert (tmp_path / "made" / "key").read_text() == "{'a': 2}"


def test_a_torn_record_is_no_record(tmp_path):
    steps(tmp_path).do(task(tmp_path, {"a": 1}))
    (tmp_path / "steps" / "make.json").write_text('{"key": ')
    steps(tmp_path).do(task(tmp_path, {"a": 1}))
    assert times(tmp_path) == 2


def test_a_plan_names_the_first_step_to_do_and_why(tmp_path):
    key = {"a": 1, "training": {"epochs": 1, "seed": 0}}
    with pytest.raises(Undone, match=r"make.*it has not been done"):
        steps(tmp_path, plan=True).do(task(tmp_path, key))
    assert not (tmp_path / "steps").exists()
    steps(tmp_path).do(task(tmp_path, key))
    changed = {"a": 2, "training": {"epochs": 3, "seed": 0}}
    with pytest.raises(Undone, match=r"a, training\.epochs changed"):
        steps(tmp_path, plan=True).do(task(tmp_path, changed))


def test_a_plan_removes_nothing_of_what_a_killed_night_kept_and_the_next_night_does(tmp_path):
    kept = tmp_path / "work" / "half"
    kept.mkdir(parents=True)
    key = {"a": 1}
    with pytest.raises(Killed):
        steps(tmp_path).do(task(tmp_path, key, dies="after"))
    again = task(tmp_path, key)._replace(on_the_way=kept.parent)
    steps(tmp_path, plan=True).do(again)
    assert kept.exists()
    steps(tmp_path).do(again)
    assert not kept.parent.exists()
    assert times(tmp_path) == 1


def test_a_step_that_failed_took_no_time_and_was_not_there(tmp_path):
    both = steps(tmp_path)
    both.do(task(tmp_path, {"a": 1}))
    with pytest.raises(Killed):
        both.do(Task("score", {}, lambda: (_ for _ in ()).throw(Killed)))
    assert [*both.seconds] == ["make"]

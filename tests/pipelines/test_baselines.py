import polars as pl

from pipelines.baselines import LOGGED, POPULARITY, RANDOM, baseline_scores, positives_by_position


def shard(path, *lists):
    """Write lists of (document, position, grade)."""
    columns = ("document_id", "position", "grade")
    rows = [dict(zip(columns, zip(*one, strict=True), strict=True)) for one in lists]
    pl.DataFrame(rows).write_ipc(path)
    return path


def test_baselines_score_every_document_in_the_order_of_the_files(tmp_path):
    train = shard(tmp_path / "train.arrow", [("a", 1, 2), ("b", 2, 0)], [("a", 1, 1), ("b", 2, 1)])
    test = shard(tmp_path / "test.arrow", [("b", 1, 0), ("new", 2, 1), ("a", 3, 0)])
    scores = {name: one.to_list() for name, one in baseline_scores([train], [test]).items()}
    assert scores == {RANDOM: [0, 0, 0], LOGGED: [-1, -2, -3], POPULARITY: [1, 0, 2]}


def test_positives_are_counted_by_position(tmp_path):
    path = shard(tmp_path / "a.arrow", [("a", 1, 2), ("b", 2, 0)], [("c", 1, 0)])
    assert positives_by_position([path]).rows() == [(1, 2, 1), (2, 1, 0)]


def test_a_folder_with_brackets_is_no_glob(tmp_path):
    for name in ("run[1]", "run1"):
        (tmp_path / name).mkdir()
        shard(tmp_path / name / "0.arrow", [(name, 1, 1)])
    assert positives_by_position([tmp_path / "run[1]" / "0.arrow"]).rows() == [(1, 1, 1)]

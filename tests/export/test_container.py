"""Files that are no exported models are refused in one line, and nothing in them is run."""

import json
import os
import pickle
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ltr.exported import Exported, ExportedError
from ltr.exported.container import read
from tests.scoring.golden import Golden


class Planted:
    def __init__(self, at: Path) -> None:
        self.at = at

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.at),)


def parts(file: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    with safe_open(file, "pt") as opened:
        return load_file(file), opened.metadata()


@pytest.fixture
def file(golden: Golden) -> Path:
    return golden.run / "model.ltr"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "spoiled.ltr"


def test_the_file_is_read_as_safetensors_reads_it(file):
    texts, arrays = read(file)
    tensors, metadata = parts(file)
    assert texts == metadata
    assert arrays.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert np.array_equal(arrays[name], tensor.numpy())
        assert not arrays[name].flags.writeable


def test_the_graph_says_nothing_of_the_place_where_it_was_traced(file):
    graph = read(file)[1]["graph"].tobytes()
    onnx.checker.check_model(onnx.load_from_string(graph), full_check=True)
    assert not [word for word in (b".py", b"/ltr", b"File ", b"Traceable") if word in graph]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"abc", "a header of .* in a file of 3"),
        (b"\xff" * 64, "a header of .* in a file of 64"),
        (b"\x02" + bytes(7) + b"[]", "its header is not a table"),
        (b"\x02" + bytes(7) + b"{]", "its header is not JSON"),
        ((100_000).to_bytes(8, "little") + b"[" * 100_000, "its header is not JSON"),
    ],
)
def test_other_files_are_refused(out, content, message):
    out.write_bytes(content)
    with pytest.raises(ExportedError, match=f"must be a file that `ltr export` wrote: .*{message}"):
        Exported.load(out)


def test_a_pickle_is_not_opened(tmp_path, out):
    out.write_bytes(pickle.dumps(Planted(tmp_path / "planted")))
    with pytest.raises(ExportedError, match="must be a file that `ltr export` wrote"):
        Exported.load(out)
    torch.save(Planted(tmp_path / "planted"), out)
    with pytest.raises(ExportedError, match="must be a file that `ltr export` wrote"):
        Exported.load(out)
    assert not (tmp_path / "planted").exists()


@pytest.mark.parametrize(
    "about",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 1 << 40]},
        {"dtype": "F32", "shape": [1 << 62, 4], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [-2], "data_offsets": [8, 0]},
        {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": 2, "data_offsets": [0, 8]},
        {"dtype": "O", "shape": [1], "data_offsets": [0, 8]},
        {"dtype": ["F32"], "shape": [2], "data_offsets": [0, 8]},
        "F32",
    ],
)
def test_an_array_lies_in_the_file_or_is_refused(out, about):
    header = json.dumps({"graph": about}).encode()
    out.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(ExportedError, match="'graph'"):
        Exported.load(out)


def test_an_array_that_is_not_aligned_is_refused(out):
    about = {"dtype": "F32", "shape": [1], "data_offsets": [1, 5]}
    header = json.dumps({"a": about}).encode()
    header += b" " * (-len(header) % 8)
    out.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(ExportedError, match="'a' is not aligned"):
        read(out)


def test_another_format_is_named(file, out):
    tensors, texts = parts(file)
    save_file(tensors, out, {"ltr": texts["ltr"].replace("exported/1", "exported/9")})
    with pytest.raises(ExportedError, match="format ltr-exported/1; got 'ltr-exported/9'"):
        Exported.load(out)


def spoil(text: str, name: str) -> str:
    return re.sub(rf'"{name}": ("[^"]*"|\d+|\w+|\[|\{{)', f'"{name}": "??"', text, count=1)


@pytest.mark.parametrize(
    "name", ["columns", "lookups", "numbers", "table", "column", "vocabulary", "encoding", "hashes"]
)
def test_a_description_that_does_not_fit_is_refused(file, out, name):
    tensors, texts = parts(file)
    spoiled = spoil(texts["ltr"], name)
    assert spoiled != texts["ltr"]
    save_file(tensors, out, {"ltr": spoiled})
    with pytest.raises(ExportedError, match=f"{out} must describe a model"):
        Exported.load(out)


@pytest.mark.parametrize(
    "name", ["graph", "vocabulary/document/item/ends", "knots/document/f3/values"]
)
def test_an_array_that_is_missing_or_of_another_form_is_refused(file, out, name):
    tensors, texts = parts(file)
    save_file({key: value for key, value in tensors.items() if key != name}, out, texts)
    with pytest.raises(ExportedError, match="must describe a model"):
        Exported.load(out)
    save_file(tensors | {name: tensors[name].reshape(-1, 1)[:3]}, out, texts)
    with pytest.raises(ExportedError, match="must"):
        Exported.load(out)


def outside(location: str) -> bytes:
    """A graph one of whose weights is said to lie in another file."""
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4])
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=location)
    graph = helper.make_graph(
        [helper.make_node("Gather", ["w", "owner"], ["scores"])],
        "g",
        [helper.make_tensor_value_info("owner", TensorProto.INT64, ["docs"])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["docs"])],
        [weight],
    )
    content: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10
    ).SerializeToString()
    return content


@pytest.mark.parametrize("place", ["secret.bin", "../secret.bin", "/etc/hostname"])
def test_a_graph_reads_no_other_file(file, out, monkeypatch, place):
    monkeypatch.chdir(out.parent)
    (out.parent / "secret.bin").write_bytes(np.arange(4, dtype=np.float32).tobytes())
    tensors, texts = parts(file)
    graph = torch.frombuffer(bytearray(outside(place)), dtype=torch.uint8)
    save_file(tensors | {"graph": graph}, out, texts)
    with pytest.raises(ExportedError, match="must hold a graph that onnxruntime can run"):
        Exported.load(out)


@pytest.mark.parametrize("domain", ["", "com.example"])
def test_a_graph_has_no_operations_of_its_own(file, out, domain):
    value = [helper.make_tensor_value_info(name, TensorProto.INT64, ["n"]) for name in "xy"]
    graph = helper.make_graph(
        [helper.make_node("System", ["x"], ["y"], domain=domain)], "g", value[:1], value[1:]
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.example", 1)]
    content = helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
    tensors, texts = parts(file)
    tensors["graph"] = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    save_file(tensors, out, texts)
    with pytest.raises(ExportedError, match="must hold a graph that onnxruntime can run"):
        Exported.load(out)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_changed_in_a_header_the_file_loads_or_is_refused(file, out, data):
    content = bytearray(file.read_bytes())
    header = int.from_bytes(content[:8], "little") + 8
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, header - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    out.write_bytes(content)
    with suppress(ExportedError):
        Exported.load(out)


def test_ids_that_lie_outside_of_their_table_are_refused(file, out):
    tensors, texts = parts(file)
    tensors["vocabulary/document/item/numbers"][0] = 10_000
    save_file(tensors, out, texts)
    with pytest.raises(ExportedError, match="has 10001 ids, its table 41 rows"):
        Exported.load(out)


def test_weights_that_no_column_has_are_refused(file, out):
    tensors, texts = parts(file)
    for old, new in (
        ('"column": "document/tags",', '"column": "document/tags", "weighted": true,'),
        (', "weights": "counts"', ""),
        ('"weights": "counts"', '"weights": ["counts"]'),
    ):
        spoiled = texts["ltr"].replace(old, new)
        assert spoiled != texts["ltr"]
        save_file(tensors, out, {"ltr": spoiled})
        with pytest.raises(ExportedError, match="must describe a model"):
            Exported.load(out)


def test_scores_that_are_not_finite_are_refused(golden, file, out):
    tensors, texts = parts(file)
    for name in tensors:
        if name.startswith("table/"):
            # Row 0, of unseen ids, is looked up as the file is opened.
            tensors[name][1:] = torch.nan
    save_file(tensors, out, texts)
    with pytest.raises(ExportedError, match="scores must be finite; got nan for"):
        Exported.load(out).score(golden.frame.to_dict(as_series=False))

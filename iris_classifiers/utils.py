"""What training and inference share: the held-out split's CSV files and the ONNX form of the model.

Units and shapes: a feature row is four lengths in centimetres (float32, shape [4]), a label is the index of a species
(int64: 0 setosa, 1 versicolor, 2 virginica), a probability row adds up to 1 (float32, shape [3]).
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Iterable, Sequence

import numpy as np
import numpy.typing as npt

FEATURE_COLUMNS = (
    "sepal_length_cm",
    "sepal_width_cm",
    "petal_length_cm",
    "petal_width_cm",
)
LABEL_COLUMN = "label"
CLASS_COUNT = 3
FLOAT32_MAX = float(np.finfo(np.float32).max)

DATA_DIR = Path("data")
MODEL_PATH = Path("model_repository/sklearn-onnx/1/model.onnx")

# Older than any runtime this project meets: onnxruntime 1.16 reads IR 9 and opset 19, Triton 24.10 ships a later one.
ONNX_OPSETS = {"": 17, "ai.onnx.ml": 3}
ONNX_IR_VERSION = 8


class InputError(Exception):
    """A file the user can repair; its message is one line that names the file."""


def onnx_bytes(classifier: object) -> bytes:
    """Return the fitted scikit-learn classifier as a serialised ONNX model.

    Input ``input`` FP32 [-1, 4]; outputs ``label`` INT64 [-1] and ``probabilities`` FP32 [-1, 3]. The bytes depend on
    the fitted parameters alone: whatever names the converter, its version or its defaults is fixed or removed.
    """
    # Inference needs neither of these, and converting is the only place that pays for their slow import.
    import onnx
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    model = convert_sklearn(
        classifier,
        name="iris",
        initial_types=[("input", FloatTensorType([None, len(FEATURE_COLUMNS)]))],
        options={"zipmap": False},
        target_opset=ONNX_OPSETS,
    )
    model.ir_version = ONNX_IR_VERSION
    model.producer_name = "iris-classifiers"
    model.producer_version = ""
    model.domain = ""
    model.doc_string = ""
    del model.metadata_props[:]
    # The converter may list a domain twice, or with the oldest version that would do.
    del model.opset_import[:]
    model.opset_import.extend(
        onnx.helper.make_opsetid(domain, version)
        for domain, version in ONNX_OPSETS.items()
    )
    onnx.checker.check_model(model, full_check=True)
    serialised: bytes = model.SerializeToString(deterministic=True)
    return serialised


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a CSV table: a header row, LF line ends, floats in the shortest form that reads back unchanged."""
    lines = [",".join(header)]
    lines.extend(",".join(str(cell) for cell in row) for row in rows)
    return ("\n".join(lines) + "\n").encode("ascii")


def read_features(path: Path) -> npt.NDArray[np.float32]:
    """Read a feature table as float32 of shape [rows, 4], in centimetres.

    Raises OSError for a file that cannot be opened, and InputError for another header, a ragged row, no rows, or a cell
    that is no finite float32 number.
    """
    return np.array(_read_table(path, FEATURE_COLUMNS), dtype=np.float32)


def read_labels(path: Path) -> npt.NDArray[np.int64]:
    """Read a label table as int64 of shape [rows], each 0, 1 or 2.

    Raises InputError as `read_features` does, and for a label that is no class index.
    """
    labels = [row[0] for row in _read_table(path, [LABEL_COLUMN])]
    for index, label in enumerate(labels):
        if label not in range(CLASS_COUNT):
            raise InputError(f"{path}: row {index + 1}: {label:g} is no class index")
    return np.array(labels, dtype=np.int64)


def write_if_changed(path: Path, content: bytes) -> bool:
    """Make `path` hold `content` and say whether it had to change.

    An unchanged file keeps its modification time, so a server that polls the model repository does not reload it; a
    changed one is replaced whole, so no reader sees half a file.
    """
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return True


def _read_table(path: Path, header: Sequence[str]) -> list[list[float]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.reader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a CSV text file ({error})") from error
    if not lines or lines[0] != list(header):
        raise InputError(f"{path}: the first line must be {','.join(header)}")
    rows = [
        _parse_row(f"{path}: row {number}", cells, len(header))
        for number, cells in enumerate(lines[1:], start=1)
    ]
    if not rows:
        raise InputError(f"{path}: no rows below the header")
    return rows


def _parse_row(place: str, cells: Sequence[str], column_count: int) -> list[float]:
    if len(cells) != column_count:
        raise InputError(f"{place}: {len(cells)} cells instead of {column_count}")
    try:
        values = [float(cell) for cell in cells]
    except ValueError as error:
        raise InputError(f"{place}: {error}") from error
    # The model takes float32: a larger number would become infinite on the way. NaN is in no range.
    if not all(abs(value) <= FLOAT32_MAX for value in values):
        raise InputError(f"{place}: not a finite float32 number")
    return values

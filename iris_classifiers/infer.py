"""Predict the held-out part with the ONNX model, without a server: the answers a server should give."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt
import onnxruntime

from iris_classifiers.utils import (
    CLASS_COUNT,
    DATA_DIR,
    MODEL_PATH,
    InputError,
    csv_bytes,
    read_features,
    read_labels,
    write_if_changed,
)

Prediction = Tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]


def predict(model: bytes, features: npt.NDArray[np.float32]) -> Prediction:
    """Return labels, int64 [rows], and class probabilities, float32 [rows, 3], for features [rows, 4] in cm.

    One thread and one batch, so the same machine gives the same bits each time. Raises InputError when `model` is no
    ONNX model or has other inputs or outputs.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    try:
        session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        labels, probabilities = session.run(
            ["label", "probabilities"], {"input": features}
        )
    # onnxruntime's own exceptions have no common base, and bad bytes can reach any of them.
    except Exception as error:
        raise InputError(_one_line(error)) from error
    return labels, probabilities


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command line; return its exit code: 0, or 2 for a file that is missing, malformed or not writable."""
    arguments = _parser().parse_args(argv)
    try:
        features = read_features(arguments.data)
        expected = read_labels(arguments.target)
        if len(features) != len(expected):
            raise InputError(
                f"{arguments.target}: {len(expected)} labels for the {len(features)} rows of {arguments.data}"
            )
        labels, probabilities = _predict_file(arguments.model, features)
        if arguments.output is not None:
            write_if_changed(arguments.output, _table(labels, probabilities))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    right_count = int(np.count_nonzero(labels == expected))
    print(
        f"accuracy: {right_count / len(expected):.4f} ({right_count} of {len(expected)} rows)"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m iris_classifiers.infer",
        description="Predict the held-out part with the ONNX model and print the accuracy; no server is needed.",
    )
    parser.add_argument(
        "--model",
        type=Path,
        default=MODEL_PATH,
        metavar="FILE",
        help="the ONNX model (default: %(default)s)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=DATA_DIR / "test_data.csv",
        metavar="FILE",
        help="the features to predict from (default: %(default)s)",
    )
    parser.add_argument(
        "--target",
        type=Path,
        default=DATA_DIR / "test_target.csv",
        metavar="FILE",
        help="the labels to compare with (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="also write label and class probabilities of each row, as CSV",
    )
    return parser


def _predict_file(model_path: Path, features: npt.NDArray[np.float32]) -> Prediction:
    model = model_path.read_bytes()
    try:
        return predict(model, features)
    except InputError as error:
        raise InputError(f"{model_path}: not the iris ONNX model ({error})") from error


def _table(
    labels: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float32]
) -> bytes:
    header = ["label", *(f"probability_{index}" for index in range(CLASS_COUNT))]
    # As float64: the float32 values exactly, for a reader that knows only doubles.
    rows = zip(labels.tolist(), probabilities.astype(np.float64).tolist())
    return csv_bytes(header, ([label, *row] for label, row in rows))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


if __name__ == "__main__":
    sys.exit(main())

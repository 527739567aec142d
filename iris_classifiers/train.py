"""Train the iris classifier and write what the repository keeps of it: the ONNX model and the split's CSV files.

Linear discriminant analysis is solved in closed form, not iterated: rounded to float32, its 15 coefficients do not
depend on the number of threads or on the numeric library's kernels, so training again gives the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Sequence

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import train_test_split

from iris_classifiers.pointers import renew_pointer
from iris_classifiers.utils import (
    DATA_DIR,
    FEATURE_COLUMNS,
    LABEL_COLUMN,
    MODEL_PATH,
    csv_bytes,
    onnx_bytes,
    write_if_changed,
)

SPLIT_SEED = 42
HELD_OUT_RATIO = 0.3


@dataclass(frozen=True)
class Split:
    """Features in centimetres, float64 [rows, 4]; labels int64 [rows]. 105 rows to train on, 45 held out."""

    train_data: npt.NDArray[np.float64]
    test_data: npt.NDArray[np.float64]
    train_target: npt.NDArray[np.int64]
    test_target: npt.NDArray[np.int64]


def iris_split() -> Split:
    """Split scikit-learn's bundled iris data: the same rows every time, each species alike in both parts."""
    data, target = load_iris(return_X_y=True)
    return Split(
        *train_test_split(
            data,
            target,
            test_size=HELD_OUT_RATIO,
            stratify=target,
            random_state=SPLIT_SEED,
        )
    )


def fit(split: Split) -> LinearDiscriminantAnalysis:
    """Return the classifier fitted to the training part alone."""
    return LinearDiscriminantAnalysis(solver="svd").fit(
        split.train_data, split.train_target
    )


def write_artifacts(
    split: Split,
    classifier: LinearDiscriminantAnalysis,
    data_dir: Path,
    model_path: Path,
) -> list[Path]:
    """Write the four CSV files, the model and a DVC pointer beside each; return the files that changed."""
    contents = {
        data_dir / "train_data.csv": _feature_table(split.train_data),
        data_dir / "train_target.csv": _label_table(split.train_target),
        data_dir / "test_data.csv": _feature_table(split.test_data),
        data_dir / "test_target.csv": _label_table(split.test_target),
        model_path: onnx_bytes(classifier),
    }
    changed = []
    for path, content in contents.items():
        if write_if_changed(path, content):
            changed.append(path)
        if renew_pointer(path):
            changed.append(path.with_name(path.name + ".dvc"))
    return changed


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command line; return its exit code: 0, or 2 when a file cannot be written."""
    arguments = _parser().parse_args(argv)
    split = iris_split()
    classifier = fit(split)
    try:
        changed = write_artifacts(
            split, classifier, arguments.data_dir, arguments.model
        )
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    for path in changed:
        print(f"written: {path}")
    if not changed:
        print("unchanged: the model, the data and their pointers")
    accuracy = classifier.score(split.test_data, split.test_target)
    print(f"accuracy: {accuracy:.4f} on {len(split.test_target)} held-out rows")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m iris_classifiers.train",
        description="Train the iris classifier; write the ONNX model, the CSV files and their DVC pointers.",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=DATA_DIR,
        metavar="DIR",
        help="where to write {train,test}_{data,target}.csv (default: %(default)s)",
    )
    parser.add_argument(
        "--model",
        type=Path,
        default=MODEL_PATH,
        metavar="FILE",
        help="where to write the ONNX model (default: %(default)s)",
    )
    return parser


def _feature_table(data: npt.NDArray[np.float64]) -> bytes:
    return csv_bytes(FEATURE_COLUMNS, data.tolist())


def _label_table(target: npt.NDArray[np.int64]) -> bytes:
    return csv_bytes([LABEL_COLUMN], ([label] for label in target.tolist()))


if __name__ == "__main__":
    sys.exit(main())

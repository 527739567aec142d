"""The command line of `python -m iris_classifiers.infer`: what it prints, what it writes, how it refuses."""

from __future__ import annotations

import csv
import io
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np

from iris_classifiers import infer
from iris_classifiers.utils import read_features

REPOSITORY = Path(__file__).resolve().parents[2]
MODEL = REPOSITORY / "model_repository" / "sklearn-onnx" / "1" / "model.onnx"
DATA = REPOSITORY / "data" / "test_data.csv"
TARGET = REPOSITORY / "data" / "test_target.csv"


def run_inference(**files: Path) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error; a file not named is the committed one."""
    files = {"model": MODEL, "data": DATA, "target": TARGET, **files}
    output, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        code = infer.main([f"--{name}={path}" for name, path in files.items()])
    return code, output.getvalue(), errors.getvalue()


class Inference(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def file(self, name: str, content: bytes) -> Path:
        """Return the path of a new file in the scratch folder."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    def refusal(self, **files: Path) -> str:
        """Return the one line on standard error of a run that must end with exit code 2."""
        code, output, errors = run_inference(**files)
        self.assertEqual((code, output), (2, ""))
        self.assertEqual(errors.count("\n"), 1)
        return errors

    def test_it_prints_the_accuracy_on_the_held_out_rows(self) -> None:
        expected = "accuracy: 0.9778 (44 of 45 rows)\n"
        self.assertEqual(run_inference(), (0, expected, ""))

    def test_the_output_file_holds_each_answer_bit_for_bit(self) -> None:
        table = self.folder / "new" / "prediction.csv"
        self.assertEqual(run_inference(output=table)[0], 0)
        with table.open(newline="") as file:
            header, *rows = csv.reader(file)
        labels, probabilities = infer.predict(MODEL.read_bytes(), read_features(DATA))
        self.assertEqual(
            header, ["label", "probability_0", "probability_1", "probability_2"]
        )
        self.assertEqual([int(row[0]) for row in rows], labels.tolist())
        np.testing.assert_array_equal(
            np.array([[float(cell) for cell in row[1:]] for row in rows]),
            probabilities.astype(np.float64),
        )

    def test_a_missing_file_is_named(self) -> None:
        missing = self.folder / "missing"
        for role in ("model", "data", "target"):
            with self.subTest(role):
                self.assertEqual(
                    self.refusal(**{role: missing}),
                    f"error: {missing}: No such file or directory\n",
                )

    def test_a_file_that_is_no_model_is_refused(self) -> None:
        for content in (b"", b"not a model", MODEL.read_bytes()[:100]):
            with self.subTest(content[:11]):
                line = self.refusal(model=self.file("model.onnx", content))
                self.assertIn("model.onnx: not the iris ONNX model (", line)

    def test_bad_features_are_refused_with_the_row(self) -> None:
        header, first, *_ = DATA.read_bytes().splitlines(keepends=True)
        cases = {
            b"": "the first line must be sepal_length_cm,",
            first: "the first line must be sepal_length_cm,",
            header: "no rows below the header",
            header + first + b"1,2,3\n": "row 2: 3 cells instead of 4",
            header + first + b"\n": "row 2: 0 cells instead of 4",
            header + b"1,2,3,=cmd\n": "row 1: could not convert string to float",
            header + b"1,2,nan,4\n": "row 1: not a finite float32 number",
            header + b"1,2,3e99,4\n": "row 1: not a finite float32 number",
            header + b"\xff\xfe\n": "not a CSV text file",
        }
        for content, reason in cases.items():
            with self.subTest(reason):
                data = self.file("data.csv", content)
                self.assertIn(f"error: {data}: {reason}", self.refusal(data=data))

    def test_bad_labels_are_refused(self) -> None:
        for cell in (b"3", b"-1", b"0.5"):
            target = self.file("target.csv", b"label\n" + cell + b"\n")
            with self.subTest(cell):
                line = f"error: {target}: row 1: {cell.decode()} is no class index\n"
                self.assertEqual(self.refusal(target=target), line)

    def test_another_number_of_labels_than_rows_is_refused(self) -> None:
        target = self.file("target.csv", b"label\n0\n")
        self.assertEqual(
            self.refusal(target=target),
            f"error: {target}: 1 labels for the 45 rows of {DATA}\n",
        )


if __name__ == "__main__":
    unittest.main()

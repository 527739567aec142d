"""Training gives the committed bytes, a model worth serving, and an ONNX form that answers as scikit-learn does."""

from __future__ import annotations

import io
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import onnx

from iris_classifiers import train
from iris_classifiers.infer import predict
from iris_classifiers.utils import onnx_bytes, read_features, read_labels

REPOSITORY = Path(__file__).resolve().parents[2]
VERSION_DIR = REPOSITORY / "model_repository" / "sklearn-onnx" / "1"


def run_training(folder: Path) -> tuple[int, str]:
    """Train into `folder`/data and `folder`/model; return the exit code and what it printed."""
    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(output):
        code = train.main(
            [
                f"--data-dir={folder / 'data'}",
                f"--model={folder / 'model' / 'model.onnx'}",
            ]
        )
    return code, output.getvalue()


class Artifacts(unittest.TestCase):
    def test_training_again_gives_the_committed_bytes_and_pointers(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            code, _ = run_training(folder)
            self.assertEqual(code, 0)
            committed = {"data": REPOSITORY / "data", "model": VERSION_DIR}
            written = sorted(path for path in folder.rglob("*") if path.is_file())
            self.assertEqual(len(written), 10)
            for path in written:
                with self.subTest(path.name):
                    original = committed[path.parent.name] / path.name
                    self.assertEqual(path.read_bytes(), original.read_bytes())

    def test_a_second_training_leaves_every_file_untouched(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            run_training(folder)
            first = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
            code, output = run_training(folder)
            self.assertEqual(code, 0)
            self.assertIn("unchanged: ", output)
            second = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
            self.assertEqual(second, first)

    def test_a_changed_file_and_its_pointer_are_put_right(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            run_training(folder)
            labels = folder / "data" / "test_target.csv"
            pointer = folder / "data" / "test_target.csv.dvc"
            content = labels.read_bytes()
            original_pointer = pointer.read_bytes()
            labels.write_bytes(content.replace(b"2", b"1", 1))
            pointer.write_bytes(original_pointer.replace(b"size: ", b"size: 9"))
            _, output = run_training(folder)
            self.assertEqual(output.count("written: "), 2)
            self.assertEqual(labels.read_bytes(), content)
            self.assertEqual(pointer.read_bytes(), original_pointer)

    def test_a_folder_that_cannot_be_made_is_one_line_and_exit_code_2(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "data").write_text("a file where a folder should be")
            code, output = run_training(folder)
            self.assertEqual(code, 2)
            self.assertEqual(output, f"error: {folder / 'data'}: File exists\n")


class Model(unittest.TestCase):
    def setUp(self) -> None:
        self.split = train.iris_split()
        self.classifier = train.fit(self.split)
        self.model = onnx_bytes(self.classifier)

    def test_it_is_right_on_at_least_95_percent_of_the_held_out_rows(self) -> None:
        features = read_features(REPOSITORY / "data" / "test_data.csv")
        expected = read_labels(REPOSITORY / "data" / "test_target.csv")
        labels, _ = predict((VERSION_DIR / "model.onnx").read_bytes(), features)
        self.assertEqual(expected.shape, (45,))
        self.assertEqual(np.bincount(expected).tolist(), [15, 15, 15])
        self.assertGreaterEqual(np.mean(labels == expected), 0.95)

    def test_onnx_answers_as_scikit_learn_does_on_all_150_rows(self) -> None:
        rows = np.concatenate([self.split.train_data, self.split.test_data])
        labels, probabilities = predict(self.model, rows.astype(np.float32))
        self.assertEqual((labels.dtype, labels.shape), (np.int64, (150,)))
        self.assertEqual(
            (probabilities.dtype, probabilities.shape), (np.float32, (150, 3))
        )
        np.testing.assert_array_equal(labels, self.classifier.predict(rows))
        np.testing.assert_allclose(
            probabilities, self.classifier.predict_proba(rows), rtol=0, atol=1e-5
        )

    def test_a_batch_answers_as_its_rows_do_alone(self) -> None:
        rows = self.split.test_data.astype(np.float32)
        labels, probabilities = predict(self.model, rows)
        for index in range(len(rows)):
            label, probability = predict(self.model, rows[index : index + 1])
            self.assertEqual(label.tolist(), [labels[index]])
            np.testing.assert_allclose(
                probability[0], probabilities[index], rtol=0, atol=1e-6
            )

    def test_it_has_the_tensors_that_config_pbtxt_declares(self) -> None:
        graph = onnx.load_from_string(self.model).graph
        tensors = {
            value.name: (
                onnx.TensorProto.DataType.Name(value.type.tensor_type.elem_type),
                [dim.dim_value or -1 for dim in value.type.tensor_type.shape.dim],
            )
            for value in [*graph.input, *graph.output]
        }
        self.assertEqual(
            tensors,
            {
                "input": ("FLOAT", [-1, 4]),
                "label": ("INT64", [-1]),
                "probabilities": ("FLOAT", [-1, 3]),
            },
        )

    def test_it_declares_versions_that_older_runtimes_read(self) -> None:
        model = onnx.load_from_string(self.model)
        versions = [(opset.domain, opset.version) for opset in model.opset_import]
        self.assertEqual(versions, [("", 17), ("ai.onnx.ml", 3)])
        self.assertEqual(model.ir_version, 8)


if __name__ == "__main__":
    unittest.main()

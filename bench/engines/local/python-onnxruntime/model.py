"""Serves ONNX models in a Triton that lacks the C++ onnxruntime backend.

Installed as `backends/onnxruntime/model.py`, this class answers for every model whose configuration says
`platform: "onnxruntime_onnx"` or `backend: "onnxruntime"`. It reads the options that the C++ backend reads, makes
the same checks at load and words their failures alike, so a configuration that loads here loads there.
"""

import json
import os

import numpy as np
import onnxruntime as ort
import triton_python_backend_utils as pb_utils

# What auto-completion sets where the model can batch and the configuration does not say.
DEFAULT_MAX_BATCH_SIZE = 4

TRITON_TYPES = {
    "tensor(bool)": "TYPE_BOOL",
    "tensor(uint8)": "TYPE_UINT8",
    "tensor(uint16)": "TYPE_UINT16",
    "tensor(uint32)": "TYPE_UINT32",
    "tensor(uint64)": "TYPE_UINT64",
    "tensor(int8)": "TYPE_INT8",
    "tensor(int16)": "TYPE_INT16",
    "tensor(int32)": "TYPE_INT32",
    "tensor(int64)": "TYPE_INT64",
    "tensor(float16)": "TYPE_FP16",
    "tensor(float)": "TYPE_FP32",
    "tensor(double)": "TYPE_FP64",
    "tensor(string)": "TYPE_STRING",
}

GRAPH_LEVELS = {
    -1: ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    0: ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
    1: ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    2: ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
}

TRUE_WORDS = ("1", "true", "yes", "on")
FALSE_WORDS = ("0", "false", "no", "off")


class TritonPythonModel:
    @staticmethod
    def auto_complete_config(auto_complete_model_config):
        """Fills in inputs, outputs and max_batch_size from the ONNX file, where the configuration has no tensors."""
        config = auto_complete_model_config.as_dict()
        if config.get("input") and config.get("output"):
            return auto_complete_model_config
        session = open_session(stub_model_path(), config)
        inputs, outputs = session.get_inputs(), session.get_outputs()
        can_batch = all(shape_of(tensor)[:1] == [-1] for tensor in inputs + outputs)
        batch_size = config.get("max_batch_size", 0)
        if can_batch and batch_size == 0:
            batch_size = DEFAULT_MAX_BATCH_SIZE
            auto_complete_model_config.set_max_batch_size(batch_size)
        if batch_size > 1 and not any(
            kind in config for kind in ("dynamic_batching", "sequence_batching", "ensemble_scheduling")
        ):
            auto_complete_model_config.set_dynamic_batching()
        if not config.get("input"):
            for tensor in inputs:
                complete(tensor, batch_size, (auto_complete_model_config.add_input, config["input"]))
        if not config.get("output"):
            for tensor in outputs:
                complete(tensor, batch_size, (auto_complete_model_config.add_output, config["output"]))
        return auto_complete_model_config

    def initialize(self, args):
        config = json.loads(args["model_config"])
        name = args["model_name"]
        if args["model_instance_kind"] == "GPU":
            raise pb_utils.TritonModelException(
                f"unable to load model '{name}', this onnxruntime backend has no GPU execution provider: "
                "use kind: KIND_CPU"
            )
        path = model_path(args["model_repository"], args["model_version"], config)
        self.session = open_session(path, config, name)
        log_options(name, self.session.get_session_options())
        check_inputs(name, config, self.session)
        check_outputs(name, config, self.session)
        self.outputs = [output["name"] for output in config["output"]]
        self.batches = config["max_batch_size"] > 0
        self.string_inputs = any(tensor.type == "tensor(string)" for tensor in self.session.get_inputs())
        self.scalar_shapes = {
            output["name"]: config_shape(output)
            for output in config["output"]
            if is_scalar(self.session, output["name"])
        }

    def execute(self, requests):
        if len(requests) == 1:
            return [self.answer(requests[0])]
        if not self.batches:
            return [self.answer(request) for request in requests]
        return self.answer_merged(requests)

    def answer(self, request):
        asked = request.requested_output_names()
        # All outputs is the common case.
        names = self.outputs if len(asked) == len(self.outputs) else [name for name in self.outputs if name in asked]
        try:
            results = self.run(names, {tensor.name(): tensor.as_numpy() for tensor in request.inputs()})
        except Exception as error:
            return failed(error)
        return pb_utils.InferenceResponse([pb_utils.Tensor(*pair) for pair in zip(names, results)])

    def answer_merged(self, requests):
        """Runs the requests as one batch; as in the C++ backend, a failing run fails each of them."""
        parts = {}
        for request in requests:
            for tensor in request.inputs():
                parts.setdefault(tensor.name(), []).append(tensor.as_numpy())
        asked = [request.requested_output_names() for request in requests]
        names = [name for name in self.outputs if any(name in mine for mine in asked)]
        try:
            results = self.run(names, {name: np.concatenate(arrays) for name, arrays in parts.items()})
        except Exception as error:
            return [failed(error) for _ in requests]
        named = list(zip(names, results))
        answers = []
        start = 0
        for rows, mine in zip(next(iter(parts.values())), asked):
            end = start + len(rows)
            answers.append(
                pb_utils.InferenceResponse(
                    [pb_utils.Tensor(name, result[start:end]) for name, result in named if name in mine]
                )
            )
            start = end
        return answers

    def run(self, names, feed):
        if self.string_inputs:
            feed = {name: as_text(array) for name, array in feed.items()}
        results = self.session.run(names, feed)
        if self.scalar_shapes:
            return [
                np.reshape(result, self.scalar_shapes[name]) if name in self.scalar_shapes else result
                for name, result in zip(names, results)
            ]
        return results


def failed(error):
    return pb_utils.InferenceResponse(output_tensors=[], error=pb_utils.TritonError(f"onnx runtime error: {error}"))


def as_text(array):
    if array.dtype != object:
        return array
    texts = [each.decode("utf-8", "replace") if isinstance(each, bytes) else each for each in array.ravel()]
    return np.array(texts, dtype=object).reshape(array.shape)


def stub_model_path():
    """Auto-completion is told the configuration but not where the model is; the stub's own command line is."""
    with open("/proc/self/cmdline", encoding="utf-8", errors="surrogateescape") as line:
        return onnx_file(line.read().split("\0")[1])


def model_path(repository, version, config):
    return onnx_file(os.path.join(repository, version, config.get("default_model_filename") or "model.onnx"))


def onnx_file(path):
    return os.path.join(path, "model.onnx") if os.path.isdir(path) else path


def open_session(path, config, name=None):
    name = name or config.get("name", "")
    if not os.path.exists(path):
        raise pb_utils.TritonModelException(f"unable to find '{path}' for model '{name}'")
    options = session_options(config)
    try:
        return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise pb_utils.TritonModelException(f"unable to load model '{name}', onnx runtime error: {error}") from None


def session_options(config):
    parameters = config.get("parameters", {})
    options = ort.SessionOptions()
    level = int(config.get("optimization", {}).get("graph", {}).get("level", 0))
    options.graph_optimization_level = GRAPH_LEVELS.get(level, ort.GraphOptimizationLevel.ORT_ENABLE_ALL)
    mode = whole_number(parameters, "execution_mode")
    if mode not in (0, 1):
        raise pb_utils.TritonModelException(
            f"Invalid configuration value provided. Expected values for execution_mode are 0 or 1 but got {mode}."
        )
    options.execution_mode = ort.ExecutionMode.ORT_PARALLEL if mode == 1 else ort.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = max(0, whole_number(parameters, "intra_op_thread_count"))
    options.inter_op_num_threads = max(0, whole_number(parameters, "inter_op_thread_count"))
    options.enable_cpu_mem_arena = truth(parameters, "enable_mem_arena")
    options.enable_mem_pattern = truth(parameters, "enable_mem_pattern")
    initializers = text(parameters, "session.use_device_allocator_for_initializers")
    if initializers is not None:
        options.add_session_config_entry("session.use_device_allocator_for_initializers", initializers)
    accelerators = config.get("optimization", {}).get("execution_accelerators", {}).get("cpu_execution_accelerator")
    if accelerators:
        raise pb_utils.TritonModelException(
            f"unknown Execution Accelerator '{accelerators[0].get('name', '')}' is requested"
        )
    return options


def log_options(name, options):
    """Says what the session runs with, so that a parameter's effect can be seen from outside."""
    seen = {
        "intra_op_thread_count": options.intra_op_num_threads,
        "inter_op_thread_count": options.inter_op_num_threads,
        "execution_mode": 1 if options.execution_mode == ort.ExecutionMode.ORT_PARALLEL else 0,
        "enable_mem_arena": int(options.enable_cpu_mem_arena),
        "enable_mem_pattern": int(options.enable_mem_pattern),
    }
    pb_utils.Logger.log_info(f"{name}: session with " + " ".join(f"{key}={value}" for key, value in seen.items()))


def text(parameters, key):
    return parameters[key].get("string_value", "") if key in parameters else None


def whole_number(parameters, key):
    value = text(parameters, key)
    if value is None:
        return 0
    try:
        return int(value)
    except ValueError:
        raise pb_utils.TritonModelException(f"failed to convert '{value}' to int: parameter {key}") from None


def truth(parameters, key):
    value = text(parameters, key)
    word = "1" if value is None else value.lower()
    if word not in TRUE_WORDS + FALSE_WORDS:
        raise pb_utils.TritonModelException(f"failed to convert '{value}' to boolean: parameter {key}")
    return word in TRUE_WORDS


def shape_of(tensor):
    return [size if isinstance(size, int) else -1 for size in tensor.shape]


def complete(tensor, batch_size, side):
    add, present = side
    tensor_type = TRITON_TYPES.get(tensor.type)
    if tensor_type is None:
        raise pb_utils.TritonModelException(f"unsupported datatype {tensor.type} for '{tensor.name}'")
    dims = shape_of(tensor)[1 if batch_size > 0 else 0 :]
    add({"name": tensor.name, "data_type": tensor_type, "dims": dims or [1]})
    # A list of dims may not be empty: only a reshape can say that there is nothing but the batch dimension.
    if not dims and batch_size > 0:
        present[-1]["reshape"] = {"shape": []}


def config_shape(tensor):
    """The shape that the model sees: the reshape's where there is one."""
    shape = tensor["reshape"].get("shape", []) if "reshape" in tensor else tensor.get("dims", [])
    return [int(size) for size in shape]


def is_scalar(session, name):
    return any(tensor.name == name and not tensor.shape for tensor in session.get_outputs())


def check_inputs(model, config, session):
    inputs = session.get_inputs()
    expected = len(config["input"])
    controlled = config.get("sequence_batching") or config.get("batch_input")
    if len(inputs) != expected and not controlled:
        raise pb_utils.TritonModelException(
            f"unable to load model '{model}', configuration expects {expected} inputs, model provides {len(inputs)}"
        )
    known = {tensor.name: tensor for tensor in inputs + session.get_overridable_initializers()}
    for asked in config["input"]:
        if asked.get("optional") and config["max_batch_size"] > 0:
            raise pb_utils.TritonModelException(
                f"unable to load model '{model}', optional input '{asked['name']}' is not supported for models "
                "that support batching"
            )
        if asked.get("allow_ragged_batch"):
            raise pb_utils.TritonModelException(
                f"unable to load model '{model}', ragged input '{asked['name']}' is not supported by this backend"
            )
        check_tensor(model, config, asked, ("input", known))


def check_outputs(model, config, session):
    known = {tensor.name: tensor for tensor in session.get_outputs()}
    for asked in config["output"]:
        check_tensor(model, config, asked, ("output", known))


def check_tensor(model, config, asked, side):
    direction, known = side
    name, data_type = asked["name"], asked["data_type"]
    if name not in known:
        raise pb_utils.TritonModelException(
            f"unexpected inference {direction} '{name}', allowed {direction}s are: {', '.join(sorted(known))}"
        )
    provided = TRITON_TYPES.get(known[name].type)
    if provided is None:
        raise pb_utils.TritonModelException(
            f"unsupported datatype {known[name].type} for {direction} '{name}' for model '{model}'"
        )
    if provided != data_type:
        raise pb_utils.TritonModelException(
            f"unable to load model '{model}', configuration expects datatype {data_type} for {direction} '{name}', "
            f"model provides {provided}"
        )
    check_shape(model, name, (shape_of(known[name]), config_shape(asked)), config["max_batch_size"], direction)


def check_shape(model, name, shapes, max_batch_size, direction):
    provided, asked = shapes
    if not provided:
        if any(size != 1 for size in asked):
            raise pb_utils.TritonModelException(
                f"unable to load model '{model}', scalar tensor '{name}', should only provide 1 in the model "
                f"configuration when the model doesn't support batching. Model configuration provided: {shown(asked)}."
            )
        return
    if max_batch_size > 0 and provided[0] != -1:
        raise pb_utils.TritonModelException(
            f"model '{model}', tensor '{name}': for the model to support batching the shape should have at least "
            f"1 dimension and the first dimension must be -1; but shape expected by the model is {shown(provided)}"
        )
    complete = [-1] + asked if max_batch_size > 0 else asked
    # An input may fix what the model leaves open; an output may not promise more than the model does.
    fits = len(complete) == len(provided) and all(
        mine == theirs or (theirs == -1 and direction == "input") for mine, theirs in zip(complete, provided)
    )
    if fits:
        return
    explained = (
        f"{len(complete)} dimensions (an initial batch dimension because max_batch_size > 0 followed by the explicit "
        f"tensor shape, making complete shape {shown(complete)})"
        if max_batch_size > 0
        else f"{len(complete)} dimensions (shape {shown(complete)})"
    )
    raise pb_utils.TritonModelException(
        f"model '{model}', tensor '{name}': the model expects {len(provided)} dimensions (shape {shown(provided)}) "
        f"but the model configuration specifies {explained}"
    )


def shown(shape):
    return "[" + ",".join(str(size) for size in shape) + "]"

# An opinion from outside: evaluates ONNX and QONNX graphs node by node with onnxruntime and with
# the custom operators of the Python package qonnx, and runs `nib emulate` on the same arrays.
#
# Needs: pip install numpy onnx onnxruntime qonnx
import gzip
import json
import os
import subprocess
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

CUSTOM = {
    "onnx.brevitas",
    "finn.custom_op.general",
    "finn",
    "qonnx.custom_op.general",
    "qonnx.custom_op.channels_last",
}
QONNX_OPS = {
    "Quant", "IntQuant", "BipolarQuant", "Trunc", "TruncQuant", "FloatQuant", "MultiThreshold",
    "QuantAvgPool2d", "XnorPopcountMatMul", "Im2Col", "MaxPoolNHWC", "DebugMarker",
}  # fmt: skip

# onnxruntime has these for a few combinations of types only.
WITHOUT_RUNTIME = {"QLinearMatMul"}


def default_opset(model):
    """The version of ai.onnx that the model imports; 13 where it imports none."""
    for opset in model.opset_import:
        if opset.domain in ("", "ai.onnx"):
            return opset.version
    return 13


def run_standard(node, opset, context, sessions=None):
    """Outputs of one standard node, by onnxruntime without any optimisation. `sessions` keeps what
    was compiled, by the node's first output."""
    names = [name for name in node.output if name]
    if sessions is not None and names[0] in sessions:
        feed = {name: context[name] for name in node.input if name}
        return dict(zip(names, sessions[names[0]].run(None, feed)))
    inputs, feed = [], {}
    for name in dict.fromkeys(name for name in node.input if name):
        value = context[name]
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        inputs.append(helper.make_tensor_value_info(name, kind, value.shape))
        feed[name] = value
    outputs = [helper.make_empty_tensor_value_info(name) for name in node.output if name]
    graph = helper.make_graph([node], "one", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 10
    if node.op_type in WITHOUT_RUNTIME or four_bits(feed):
        from onnx.reference import ReferenceEvaluator

        results = ReferenceEvaluator(model).run(None, feed)
        return dict(zip(names, results))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    if sessions is not None:
        sessions[names[0]] = session
    return dict(zip(names, session.run(None, feed)))


def four_bits(feed):
    return any(value.dtype.name in ("int4", "uint4") for value in feed.values())


def run_custom(node, opset, context):
    """Outputs of one node of QONNX, by the operator's own execute_node."""
    os.environ.setdefault("SANITIZE_QUANT_TENSORS", "0")
    from qonnx.custom_op.general.bipolar_quant import BipolarQuant
    from qonnx.custom_op.general.floatquant import FloatQuant
    from qonnx.custom_op.general.im2col import Im2Col
    from qonnx.custom_op.general.intquant import IntQuant
    from qonnx.custom_op.general.multithreshold import MultiThreshold
    from qonnx.custom_op.general.quantavgpool2d import QuantAvgPool2d
    from qonnx.custom_op.general.trunc import Trunc_v1, Trunc_v2
    from qonnx.custom_op.general.xnorpopcount import XnorPopcountMatMul

    kind = node.op_type
    if node.domain == "qonnx.custom_op.channels_last":
        return run_channels_last(node, opset, context)
    if kind == "DebugMarker":
        return {node.output[0]: context[node.input[0]]}
    if kind == "MaxPoolNHWC":
        return run_channels_last(standard_pool(node), opset, context)
    if kind in ("Trunc", "TruncQuant"):
        operator = Trunc_v1 if len(node.input) == 5 else Trunc_v2
    else:
        operator = {
            "Quant": IntQuant, "IntQuant": IntQuant, "BipolarQuant": BipolarQuant,
            "FloatQuant": FloatQuant, "MultiThreshold": MultiThreshold, "Im2Col": Im2Col,
            "QuantAvgPool2d": QuantAvgPool2d, "XnorPopcountMatMul": XnorPopcountMatMul,
        }[kind]  # fmt: skip
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    present = {attribute.name for attribute in copy.attribute}
    if kind in ("Quant", "IntQuant"):  # exactness.md, settled point 3
        for name, value in (("signed", 1), ("narrow", 0)):
            if name not in present:
                copy.attribute.append(helper.make_attribute(name, value))
    own = {name: np.array(context[name]) for name in copy.input if name}
    if kind in ("Quant", "IntQuant", "Trunc", "TruncQuant"):
        for name in copy.input[1:]:
            own[name] = own[name].astype(np.float32)
    if kind == "QuantAvgPool2d":
        own[copy.output[0]] = pooled_like(copy, own[copy.input[0]])
    if kind in ("Quant", "IntQuant") and (own[copy.input[3]].size > 1 or 0 in own[copy.input[3]]):
        return by_width(operator(copy), own)
    operator(copy).execute_node(own, annotated(copy.input[0], "FLOAT32"))
    return {name: np.asarray(own[name]) for name in copy.output}


def run_channels_last(node, opset, context):
    """Outputs of a channels-last node, by the standard operator between transpositions."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.domain = ""
    own = dict(context)
    x = context[node.input[0]]
    front = (0, x.ndim - 1, *range(1, x.ndim - 1))
    back = (0, *range(2, x.ndim), 1)
    own[node.input[0]] = np.ascontiguousarray(x.transpose(front))
    if node.op_type == "Conv":
        own[node.input[1]] = np.ascontiguousarray(context[node.input[1]].transpose(front))
    result = run_standard(copy, opset, own)
    return {name: value.transpose(back) for name, value in result.items()}


def by_width(operator, own):
    """A quantiser of several bit widths, which qonnx takes one at a time only."""
    names, out = operator.onnx_node.input, operator.onnx_node.output[0]
    widths = np.broadcast_to(own[names[3]], np.shape(own[names[0]]))
    result = np.zeros(np.shape(own[names[0]]), np.float32)
    for width in np.unique(widths):
        if width == 0 or (width == 1 and operator.get_nodeattr("signed")):
            # Settled: code 0; and -1 or 0, where a single signed bit would be a sign.
            result = np.where(widths == width, few_codes(operator, own, int(width)), result)
            continue
        one = {**own, names[3]: np.asarray(width, np.float32)}
        operator.execute_node(one, None)
        result = np.where(widths == width, one[out], result)
    return {out: result}


def few_codes(operator, own, width):
    """Of widths 0 and 1 inside a tensor of widths."""
    from qonnx.custom_op.general.quant import resolve_rounding_mode

    x, scale, zero = (own[name] for name in operator.onnx_node.input[:3])
    low = -1 if width == 1 and not operator.get_nodeattr("narrow") else 0
    code = np.clip(x / scale + zero, low, 0)
    code = resolve_rounding_mode(operator.get_nodeattr("rounding_mode"))(code)
    return ((code - zero) * scale).astype(np.float32)


def annotated(tensor, datatype):
    """A graph that states the data type of one tensor, as some operators of QONNX ask for it."""
    graph = onnx.GraphProto()
    annotation = graph.quantization_annotation.add()
    annotation.tensor_name = tensor
    entry = annotation.quant_parameter_tensor_names.add()
    entry.key, entry.value = "finn_datatype", datatype
    return graph


def standard_pool(node):
    """The MaxPool that a MaxPoolNHWC is, between transpositions."""
    return helper.make_node(
        "MaxPool",
        node.input,
        node.output,
        **{a.name: helper.get_attribute_value(a) for a in node.attribute},
    )


def pooled_like(node, x):
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    k, s = attributes["kernel"], attributes["stride"]
    last = attributes.get("data_layout", b"NCHW") == b"NHWC"
    spatial = [(n - k) // s + 1 for n in (x.shape[1:3] if last else x.shape[2:4])]
    shape = [x.shape[0], *spatial, x.shape[3]] if last else [*x.shape[:2], *spatial]
    return np.zeros(shape, np.float32)


def run_outside(model, inputs, sessions=None):
    """Every tensor of the graph, by name; inputs: arrays by name. With a dict for `sessions`, a
    second run of the same model on the same shapes is fast."""
    opset = default_opset(model)
    context = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    context.update(inputs)
    for node in model.graph.node:
        if node.domain in CUSTOM or (node.domain == "" and node.op_type in QONNX_OPS):
            context.update(run_custom(node, opset, context))
        elif node.op_type == "Constant":
            context[node.output[0]] = constant_of(node)
        else:
            context.update(run_standard(node, opset, context, sessions))
    return context


def constant_of(node):
    attribute = node.attribute[0]
    value = helper.get_attribute_value(attribute)
    if attribute.name == "value":
        return numpy_helper.to_array(value)
    return np.asarray(value, np.float32 if "float" in attribute.name else np.int64)


class Refused(Exception):
    """nib ended with a numbered error."""


def run_nib(nib, model, inputs, tensors=(), options=(), renamed=None):
    """Outputs and wanted tensors by name (float64), and the facts that nib prints with --json.
    `renamed`: what nib calls an output of the file (a final Softmax is removed)."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m.onnx")
        if isinstance(model, (str, os.PathLike)):
            path = str(model)
        else:
            onnx.save(model, path)
        arguments = [nib, "emulate", path, "--json", *options]
        for k, (name, value) in enumerate(inputs.items()):
            np.save(os.path.join(folder, f"in{k}.npy"), np.ascontiguousarray(value))
            arguments += ["--input", f"{name}={folder}/in{k}.npy"]
        names = outputs_of(model)
        for k, name in enumerate(names):
            name = (renamed or {}).get(name, name)
            arguments += ["--output", f"{name}={folder}/out{k}.npy"]
        for k, name in enumerate(tensors):
            arguments += ["--tensor", f"{name}={folder}/inner{k}.npy"]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        if done.returncode == 2:
            raise Refused(done.stderr.strip())
        if done.returncode != 0:
            raise RuntimeError(f"nib ended with {done.returncode}: {done.stderr}")
        found = {name: np.load(f"{folder}/out{k}.npy") for k, name in enumerate(names)}
        found.update({name: np.load(f"{folder}/inner{k}.npy") for k, name in enumerate(tensors)})
        return found, json.loads(done.stdout)


def outputs_of(model):
    if isinstance(model, (str, os.PathLike)):
        data = open(model, "rb").read()
        model = onnx.load_from_string(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    return [output.name for output in model.graph.output]


def single_node(op, inputs, constants, attributes=None, opset=13, domain="", outputs=("y",)):
    """A model of one node: `inputs` are (name, array or None) in the order of the operator, those
    named in `constants` are initialisers, None an absent input."""
    values = {name: np.asarray(value) for name, value in inputs if value is not None}
    node = helper.make_node(
        op,
        [name if value is not None else "" for name, value in inputs],
        list(outputs),
        domain=domain,
        name="node",
        **(attributes or {}),
    )
    graph = helper.make_graph(
        [node],
        "single",
        [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
            )
            for name, value in values.items()
            if name not in constants
        ],
        [helper.make_empty_tensor_value_info(name) for name in outputs if name],
        [numpy_helper.from_array(values[name], name) for name in values if name in constants],
    )
    imports = [helper.make_opsetid("", opset)]
    if domain:
        imports.append(helper.make_opsetid(domain, 1))
    model = helper.make_model(graph, opset_imports=imports)
    model.ir_version = 10
    feed = {name: value for name, value in values.items() if name not in constants}
    return model, feed


FLOAT = TensorProto.FLOAT

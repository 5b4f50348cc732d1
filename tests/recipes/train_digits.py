"""Trains the two networks of tests/models on the UCI digits and writes them as QONNX.

    python3 train_digits.py digits.csv.gz OUT_FOLDER        (needs numpy and onnx)

Data: "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, CC BY 4.0; 1797
rows of 8x8 pixels 0..16 and a label, as Debian's python3-sklearn ships them (sklearn/datasets/data/
digits.csv.gz).

digits     64-24-16-10. All scales are powers of two: 4-bit weights (per channel), of which a
           quarter is left after pruning by magnitude; 8-bit biases, 4-bit unsigned activations.
digits_bn  64-24-10. Scales are any float32: 3-bit weights (per channel), batch norm, 3-bit
           activations; the output is quantised to 8 bits.

Quantisation-aware training by straight-through gradients, in float64, from a fixed seed. Graphs are
written as Brevitas exports them: domain onnx.brevitas, Quant nodes on stored float weights, Gemm
with transB.
"""
import gzip
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SEED = 20261125
DOMAIN = "onnx.brevitas"


def load(path):
    rows = np.loadtxt(gzip.open(path, "rt"), delimiter=",", dtype=np.int64)
    order = np.random.default_rng(SEED).permutation(len(rows))
    x, y = rows[order, :-1], rows[order, -1]
    return x[:1347], y[:1347], x[1347:], y[1347:]


def quantise(x, scale, lo, hi):
    return np.clip(np.round(x / scale), lo, hi) * scale


def power_of_two(x):
    return 2.0 ** np.round(np.log2(np.maximum(x, 1e-9)))


class Layer:
    """y = act(norm(x W^T + b)); forward keeps what backward needs."""

    def __init__(self, rng, n_in, n_out, weight_bits, act_bits, pow2, norm, density=1.0):
        self.weight = rng.normal(0, np.sqrt(2 / n_in), (n_out, n_in))
        self.bias = np.zeros(n_out)
        self.weight_bits, self.act_bits, self.pow2 = weight_bits, act_bits, pow2
        self.norm, self.density, self.mask = norm, density, 1.0
        self.gamma, self.beta = np.ones(n_out), np.zeros(n_out)
        self.mean, self.var = np.zeros(n_out), np.ones(n_out)
        self.act_scale = None
        self.bias_scale = 2.0 ** -4

    def prune(self, share):
        """Keeps the largest weights: all of them at share 0, `density` of them at share 1."""
        keep = 1 - share * (1 - self.density)
        limit = np.quantile(np.abs(self.weight), 1 - keep) if keep < 1 else 0
        self.mask = (np.abs(self.weight) >= limit).astype(float)
        self.weight *= self.mask

    def weight_scale(self):
        top = 2 ** (self.weight_bits - 1) - 1
        spread = np.abs(self.weight).max(1, keepdims=True) / top
        return power_of_two(spread * 0.8) if self.pow2 else (spread * 0.8).astype(np.float32)

    def quant_weight(self):
        top = 2 ** (self.weight_bits - 1) - 1
        return quantise(self.weight, self.weight_scale(), -top, top)

    def quant_bias(self):
        return quantise(self.bias, self.bias_scale, -128, 127)

    def forward(self, x, train):
        self.x = x
        self.wq = self.quant_weight()
        z = x @ self.wq.T
        if self.norm:
            if train:
                mean, var = z.mean(0), z.var(0)
                self.mean += 0.1 * (mean - self.mean)
                self.var += 0.1 * (var - self.var)
            else:
                mean, var = self.mean, self.var
            self.inv = 1 / np.sqrt(var + 1e-5)
            self.zn = (z - mean) * self.inv
            z = self.zn * self.gamma + self.beta
        else:
            z = z + self.quant_bias()
        self.z = z
        if self.act_bits is None:
            return z
        top = 2**self.act_bits - 1
        if self.act_scale is None:
            guess = np.percentile(np.maximum(z, 0), 99.5) / top
            self.act_scale = float(power_of_two(guess) if self.pow2 else np.float32(guess))
        return quantise(np.maximum(z, 0), self.act_scale, 0, top)

    def backward(self, g):
        if self.act_bits is not None:
            top = (2**self.act_bits - 1) * self.act_scale
            g = g * ((self.z > 0) & (self.z < top))
        grads = {}
        if self.norm:
            grads["gamma"], grads["beta"] = (g * self.zn).sum(0), g.sum(0)
            h = g * self.gamma
            g = self.inv * (h - h.mean(0) - self.zn * (h * self.zn).mean(0))
        else:
            grads["bias"] = g.sum(0)
        grads["weight"] = (g.T @ self.x) * self.mask
        return g @ self.wq, grads


def train(layers, x, y, epochs, rng):
    state = [{} for _ in layers]
    step = 0
    for epoch in range(epochs):
        rate = 4e-3 * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        for layer in layers:
            layer.prune(min(1, max(0, epoch / epochs - 0.2) / 0.4))
        order = rng.permutation(len(x))
        for start in range(0, len(x) - 63, 64):
            pick = order[start : start + 64]
            h = x[pick] + rng.normal(0, 0.5, (64, x.shape[1])).round()
            h = np.clip(h, 0, 16)
            for layer in layers:
                h = layer.forward(h, True)
            e = np.exp(h - h.max(1, keepdims=True))
            g = e / e.sum(1, keepdims=True)
            g[np.arange(64), y[pick]] -= 1
            g /= 64
            step += 1
            for layer, moments in zip(reversed(layers), reversed(state)):
                g, grads = layer.backward(g)
                for name, grad in grads.items():
                    m, v = moments.get(name, (0.0, 0.0))
                    m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
                    moments[name] = (m, v)
                    update = (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
                    setattr(layer, name, getattr(layer, name) - rate * update)
                layer.weight *= layer.mask


class Graph:
    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def node(self, op, name, inputs, output, domain="", **attributes):
        self.nodes.append(
            helper.make_node(op, inputs, [output], name=name, domain=domain, **attributes))
        return output

    def quant(self, x, output, where, scale, bits, signed, narrow):
        base = f"{where}/export_handler"
        parameters = [
            self.constant(f"{base}/Constant_output_0", scale),
            self.constant(f"{base}/Constant_1_output_0", 0.0),
            self.constant(f"{base}/Constant_2_output_0", float(bits)),
        ]
        return self.node("Quant", f"{base}/Quant", [x] + parameters, output, DOMAIN,
                         signed=signed, narrow=narrow, rounding_mode="ROUND")


def export(layers, path, name, output_quant=None):
    graph = Graph()
    h = graph.quant("pixels", "/quant_inp/Quant_output_0", "/quant_inp/act_quant", 1.0, 5, 0, 0)
    for i, layer in enumerate(layers, 1):
        fc = f"/fc{i}"
        weight = graph.constant(f"fc{i}.weight", layer.weight)
        wq = graph.quant(weight, f"{fc}/weight_quant/Quant_output_0", f"{fc}/weight_quant",
                         layer.weight_scale(), layer.weight_bits, 1, 1)
        inputs = [h, wq]
        last = i == len(layers)
        if not layer.norm:
            bias = graph.constant(f"fc{i}.bias", layer.bias)
            inputs.append(graph.quant(bias, f"{fc}/bias_quant/Quant_output_0", f"{fc}/bias_quant",
                                      layer.bias_scale, 8, 1, 0))
        plain_end = last and not layer.norm and output_quant is None
        output = "logits" if plain_end else f"{fc}/Gemm_output_0"
        h = graph.node("Gemm", f"{fc}/Gemm", inputs, output, transB=1)
        if layer.norm:
            parts = [("weight", layer.gamma), ("bias", layer.beta), ("running_mean", layer.mean),
                     ("running_var", layer.var)]
            h = graph.node("BatchNormalization", f"/bn{i}/BatchNormalization",
                           [h] + [graph.constant(f"bn{i}.{k}", v) for k, v in parts],
                           f"/bn{i}/BatchNormalization_output_0", epsilon=1e-5, momentum=0.9)
        if layer.act_bits is not None:
            h = graph.node("Relu", f"/act{i}/Relu", [h], f"/act{i}/Relu_output_0")
            h = graph.quant(h, f"/act{i}/Quant_output_0", f"/act{i}/act_quant", layer.act_scale,
                            layer.act_bits, 0, 0)
    if output_quant is not None:
        graph.quant(h, "logits", "/quant_out/act_quant", output_quant, 8, 1, 0)
    x = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 64])
    y = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 10])
    model = helper.make_model(
        helper.make_graph(graph.nodes, name, [x], [y], graph.constants),
        producer_name="nib tests/recipes/train_digits.py", ir_version=7,
        opset_imports=[helper.make_opsetid("", 14), helper.make_opsetid(DOMAIN, 1)])
    onnx.save(model, path)


def accuracy(layers, x, y):
    h = x.astype(float)
    for layer in layers:
        h = layer.forward(h, False)
    return float((h.argmax(1) == y).mean())


def main():
    source, out = sys.argv[1], sys.argv[2]
    x, y, test_x, test_y = load(source)
    np.save(f"{out}/digits_test_x.npy", test_x.astype(np.uint8))
    np.save(f"{out}/digits_test_y.npy", test_y.astype(np.uint8))

    rng = np.random.default_rng(SEED)
    sizes = [64, 24, 16, 10]
    layers = [Layer(rng, a, b, 4, 4 if b != 10 else None, True, False,
                    0.25 if a == 64 else 0.4)
              for a, b in zip(sizes, sizes[1:])]
    layers[0].weight /= 8
    train(layers, x.astype(float), y, 150, rng)
    print("digits: training", accuracy(layers, x, y), "test", accuracy(layers, test_x, test_y))
    export(layers, f"{out}/digits.onnx", "digits")

    rng = np.random.default_rng(SEED + 1)
    layers = [Layer(rng, 64, 24, 3, 3, False, True), Layer(rng, 24, 10, 3, None, False, True)]
    train(layers, x.astype(float), y, 150, rng)
    print("digits_bn: training", accuracy(layers, x, y), "test", accuracy(layers, test_x, test_y))
    export(layers, f"{out}/digits_bn.onnx", "digits_bn", np.float32(0.09))


main()

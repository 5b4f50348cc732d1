# The HGCAL trigger's encoders on recorded module charges: how far the decoder's picture is from the
# original, as the earth mover's distance between the two charge distributions.
#
#   python3 econt_emd.py NIB SHARED_FOLDER [--rows N] [--export X.npy]
#
# 48 trigger-cell charges are divided by the power of two below their sum and laid out on 8 x 8
# places, of which 16 repeat an edge and are masked (the tables of fastml-science's
# sensor-data-compression, networks "8x8"). The encoder runs in `nib emulate`, the decoder (float
# Keras weights) here in float32. The distance is that between cells of the hexagonal module, in cm.
# Needs: pip install numpy h5py POT
import argparse
import pathlib
import subprocess
import tempfile

import h5py
import numpy as np
import ot

# Place of each charge on 8 x 8; the lower right quarter repeats edges and is masked.
CELLS = np.array([
    28, 29, 30, 31, 0, 4, 8, 12,
    24, 25, 26, 27, 1, 5, 9, 13,
    20, 21, 22, 23, 2, 6, 10, 14,
    16, 17, 18, 19, 3, 7, 11, 15,
    47, 43, 39, 35, 35, 34, 33, 32,
    46, 42, 38, 34, 39, 38, 37, 36,
    45, 41, 37, 33, 43, 42, 41, 40,
    44, 40, 36, 32, 47, 46, 45, 44,
])  # fmt: skip
USED = np.array([row < 4 or column < 4 for row in range(8) for column in range(8)])
PITCH = 2.4168015  # cm, between neighbouring cells


def positions():
    """Where the 48 cells lie: three rhombi of 4 x 4 around the module's centre, in cm."""
    along = PITCH * np.sqrt(3) / 2
    places = []
    for i in range(4):
        for j in range(4):
            places.append((along * i, -PITCH * (i / 2 + j)))
    for i in range(4):
        for j in range(4):
            places.append((along * (j - 4), PITCH * (j / 2 + i - 4.25)))
    for i in range(4):
        for j in range(4):
            places.append((along * (2.25 - i - j), PITCH * (j / 2 - i / 2 - 5.125)))
    return np.array(places)


def pictures(charges):
    """(rows, 1, 8, 8) of normalised charges, as float32."""
    total = charges.sum(axis=1, keepdims=True)
    scaled = charges / np.exp2(np.floor(np.log2(total)))
    return np.where(USED, scaled[:, CELLS], 0).reshape(-1, 1, 8, 8).astype(np.float32)


def convolve_transposed(x, kernel, bias, stride):
    """Keras' Conv2DTranspose with same padding; kernel (3, 3, out, in)."""
    rows, height, width, _ = x.shape
    full = np.zeros((rows, height * stride + 2, width * stride + 2, kernel.shape[2]), np.float32)
    for a in range(3):
        for b in range(3):
            part = x @ kernel[a, b].T
            full[:, a : a + height * stride : stride, b : b + width * stride : stride] += part
    # Same padding keeps height * stride places: with stride 2 the first ones, with 1 the middle.
    first = 0 if stride == 2 else 1
    cut = full[:, first : first + height * stride, first : first + width * stride]
    return cut + bias


def decode(codes, path):
    """Pictures (rows, 64) from the encoder's 16 outputs."""
    with h5py.File(path) as file:
        def weight(layer, name):
            return np.asarray(file[f"{layer}/{layer}/{name}:0"], np.float32)

        x = codes.astype(np.float32) @ weight("de_dense_final", "kernel")
        x = np.maximum(x + weight("de_dense_final", "bias"), 0).reshape(-1, 4, 4, 8)
        x = convolve_transposed(x, weight("conv2D_t_0", "kernel"), weight("conv2D_t_0", "bias"), 2)
        x = np.maximum(x, 0)
        x = convolve_transposed(x, weight("conv2d_t_final", "kernel"),
                                weight("conv2d_t_final", "bias"), 1)
    return (1 / (1 + np.exp(-x))).reshape(-1, 64)


def charges_of(pictures_):
    """The 48 charges of a picture of 64 places."""
    out = np.zeros((len(pictures_), 48))
    out[:, CELLS[USED]] = pictures_[:, USED]
    return out


def mean_distance(a, b):
    metric = ot.dist(positions(), positions(), "euclidean")
    distances = []
    for p, q in zip(a, b):
        distances.append(ot.emd2(p / p.sum(), q / q.sum(), metric))
    return float(np.mean(distances))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nib")
    parser.add_argument("shared", type=pathlib.Path)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--export", help="writes the encoder's inputs and does nothing else")
    arguments = parser.parse_args()
    charges = np.loadtxt(arguments.shared / "data/hgcal_calq_6050x48.csv", delimiter=",",
                         skiprows=1, max_rows=arguments.rows)
    x = pictures(charges)
    if arguments.export:
        np.save(arguments.export, x)
        return
    print(f"{len(x)} modules; a flat guess: {mean_distance(charges, np.ones_like(charges)):.3f}")
    models = arguments.shared / "models"
    for name in ("8x8_c8_S2_qK", "8x8_c8_S2_tele_qK_6bit"):
        with tempfile.TemporaryDirectory() as folder:
            np.save(f"{folder}/x.npy", x)
            subprocess.run(
                [arguments.nib, "emulate", models / f"econt_encoder_{name}_qonnx.onnx", "--input",
                 f"global_in={folder}/x.npy", "--output", f"global_out={folder}/y.npy"],
                check=True, capture_output=True,
            )
            codes = np.load(f"{folder}/y.npy").reshape(len(x), 16)
        decoded = charges_of(decode(codes, models / f"econt_decoder_{name}.hdf5"))
        print(f"{name}: mean distance {mean_distance(charges, decoded):.3f}")


if __name__ == "__main__":
    main()

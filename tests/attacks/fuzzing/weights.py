"""Weights in HDF5: good files of each kind, and what HDF5 can do that no weights file should."""

import functools
import tempfile
from pathlib import Path

import h5py
import numpy as np

from fuzzing.mutators import damage, places

# What other files hold: a model with this in it has read one of them
SECRET = 1234.5
SECRET_WORD = "canary"
DIGITS = {"filters": (2, 3), "dense_units": 4}  # of a small ConvNet
BACKBONE = ("mobilenet_025", 32)  # name and image size


def secrets(folder):
    """Write files that nothing may be read from: plain bytes, HDF5, and words."""
    values = np.full(4000, SECRET, "float32")
    (folder / "secret.bin").write_bytes(values.tobytes())
    (folder / "secret.txt").write_text("\n".join(f"{SECRET_WORD}{n}" for n in range(9)))
    if not (folder / "secret.h5").exists():
        (folder / "secret.h5").write_bytes(_secret_h5())


@functools.cache
def _secret_h5():
    with tempfile.TemporaryDirectory() as folder:
        with h5py.File(Path(folder) / "secret.h5", "w") as file:
            for size in (1, 2, 3, 4, 10):
                file[f"secret{size}"] = np.full(size, SECRET, "float32")
        return (Path(folder) / "secret.h5").read_bytes()


@functools.cache
def contents(kind, ending):
    """A good file of weights in bytes."""
    import keras

    import models
    from models.pretrained.backbones import Backbone

    keras.utils.set_random_seed(0)
    model = models.ConvNet(**DIGITS) if kind == "digits" else Backbone(BACKBONE[0], None, BACKBONE[1])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"weights{ending}"
        if ending == ".keras":
            model.save(path)
        elif ending == ".weights.h5":
            model.save_weights(path)
        else:
            _publish(model, path)
        return path.read_bytes()


def _publish(model, path):
    """Write weights as Keras used to, a group for each layer, which is how they are published."""
    layers = [layer for layer in model.layers if layer.weights]
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in layers]
        for layer in layers:
            group = file.create_group(layer.name)
            weights = [*layer.trainable_weights, *layer.non_trainable_weights]
            group.attrs["weight_names"] = [f"{layer.name}/{weight.name}:0".encode() for weight in weights]
            for weight in weights:
                group[f"{layer.name}/{weight.name}:0"] = weight.numpy()


def good(kind):
    """A function that writes good weights in one of the kinds that the loader takes."""
    endings = (".weights.h5", ".keras") if kind == "digits" else (".weights.h5", ".h5", ".h5")

    def write(random, folder):
        secrets(folder)
        ending = random.choice(endings)
        path = folder / f"{kind}{ending}"
        path.write_bytes(contents(kind, ending))
        return path

    return write


# HDF5 surgery: each takes a random.Random, the file, a dataset's path, and the file's folder


def soft_link(random, file, name, folder):
    del file[name]
    file[name] = h5py.SoftLink(random.choice(("/", name, "/nowhere", "/" + "x" * 5000)))


def external_link(random, file, name, folder):
    size = file[name].shape[-1] if file[name].shape else 1
    del file[name]
    file[name] = h5py.ExternalLink(random.choice((str(folder / "secret.h5"), "secret.h5")), f"secret{size}")


def external_group(random, file, name, folder):
    group = name.rpartition("/")[0] or name
    del file[group]
    file[group] = h5py.ExternalLink(str(folder / "secret.h5"), "/")


def external_storage(random, file, name, folder):
    """The values are in another file of the machine, as plain bytes."""
    shape, kind = file[name].shape, file[name].dtype
    del file[name]
    other = random.choice((str(folder / "secret.bin"), "secret.bin", "/etc/passwd", "/dev/zero"))
    file.create_dataset(name, shape, kind, external=[(other, 0, h5py.h5f.UNLIMITED)])


def virtual_dataset(random, file, name, folder):
    shape = file[name].shape
    size = shape[-1] if shape else 1
    del file[name]
    layout = h5py.VirtualLayout((size,), "float32")
    layout[:] = h5py.VirtualSource(str(folder / "secret.h5"), f"secret{size}", (size,))
    file.create_virtual_dataset(name, layout, fillvalue=SECRET)


def other_type(random, file, name, folder):
    shape = file[name].shape
    del file[name]
    kind = random.choice(
        (
            h5py.string_dtype(), h5py.vlen_dtype("float32"), h5py.ref_dtype, "S100", "f4,i8",
            "complex64", "bool",
            "float16", "float64", ">f4", "int8", h5py.opaque_dtype("M8[s]"), h5py.enum_dtype({"A": 1}),
            "(2,)f4",
        )
    )  # fmt: skip
    file.create_dataset(name, shape, kind)


def odd_values(random, file, name, folder):
    values = np.asarray(file[name][()], "float64")
    values[...] = random.choice((np.nan, np.inf, -np.inf, 1e38, 1e-45, 3e38))
    del file[name]
    file[name] = values.astype(random.choice(("float32", "float64")))


def one_nan(random, file, name, folder):
    values = file[name][()]
    values.reshape(-1)[0] = np.nan
    file[name][...] = values


def other_shape(random, file, name, folder):
    shape = file[name].shape
    del file[name]
    new = random.choice(
        (shape[::-1], (1, *shape), shape[1:], (0,), (), (2**20,), tuple(n + 1 for n in shape))
    )
    file.create_dataset(name, new, "float32")


def giant(random, file, name, folder):
    """A shape of terabytes of which nothing is stored, or compressed to nearly nothing."""
    shape = file[name].shape
    del file[name]
    if random.random() < 0.7:
        new = random.choice(((10**12,), (10**6, 10**6), (*shape, 10**9), (2**62,)))
        file.create_dataset(name, new, random.choice(("float32", "float64")), chunks=True, compression="gzip")
    else:
        file.create_dataset(
            name, (30_000_000,), "float32", np.zeros(30_000_000, "float32"), compression="gzip"
        )


def nothing(random, file, name, folder):
    del file[name]
    if random.random() < 0.5:
        file[name] = h5py.Empty("float32")


def group_for_dataset(random, file, name, folder):
    del file[name]
    file.create_group(name)


def circle(random, file, name, folder):
    """A group that holds itself, by a hard link."""
    group = file[name].parent
    group["inner"] = file["/"]
    if random.random() < 0.5:
        parent = group.name
        del file[name]
        file[name] = file[parent]


def aliased(random, file, name, folder):
    """Two names for one dataset."""
    names = datasets(file)
    del file[name]
    file[name] = file[random.choice([other for other in names if other != name])]


def many_groups(random, file, name, folder):
    for n in range(3000):
        file.create_group(f"more/{n}")


def deep_groups(random, file, name, folder):
    file.create_group("/".join("d" * 300))


def odd_attributes(random, file, name, folder):
    """The lists of names in files of the older kind, and other attributes."""
    owner = random.choice([file, *[group for group in map(file.get, file) if group is not None]])
    key = random.choice(
        ("layer_names", "weight_names", "layer_names0", "model_config", "name", "_layer_checkpoint")
    )
    value = random.choice(
        (
            b"\xff\xfe", 5, [1, 2], ["../x"], [b"\xff"], "x" * 30_000, np.nan, [], h5py.Empty("f4"),
            [b"nowhere"] * 30, [name.encode()] * 30, np.zeros((3, 3)), ["/"], [".."], [b"a" * 1000] * 20,
        )
    )  # fmt: skip
    if key in owner.attrs:
        del owner.attrs[key]
    owner.attrs[key] = value


SURGERY = (
    soft_link, external_link, external_group, external_storage, virtual_dataset, other_type, odd_values,
    one_nan,
    other_shape, giant, nothing, group_for_dataset, circle, aliased, many_groups, deep_groups,
    odd_attributes,
)  # fmt: skip


def datasets(file):
    """The paths of the datasets in a file, but for giant ones, in an order that does not change."""
    found = []

    def note(name, item):
        if isinstance(item, h5py.Dataset) and item.size and item.size < 1_000_000:
            found.append(name)

    file.visititems(note)
    return sorted(found)


def operate(random, path):
    """Do surgery on an HDF5 file, or on the one in a .keras file."""
    if path.suffix == ".keras":
        from fuzzing.keras_files import repacked

        repacked(path, lambda parts: parts.update(_operated(random, parts, path.parent)))
        return
    with h5py.File(path, "r+") as file:
        for _ in range(random.choice((1, 1, 2))):
            random.choice(SURGERY)(random, file, random.choice(datasets(file)), path.parent)


def _operated(random, parts, folder):
    with tempfile.TemporaryDirectory() as place:
        inner = Path(place) / "model.weights.h5"
        inner.write_bytes(parts[inner.name])
        for name in ("secret.h5", "secret.bin"):
            (inner.parent / name).write_bytes((folder / name).read_bytes())
        with h5py.File(inner, "r+") as file:
            random.choice(SURGERY)(random, file, random.choice(datasets(file)), folder)
        return {inner.name: inner.read_bytes()}


def damage_structure(random, path):
    """Damage bytes between the values, where HDF5 keeps its tables: most others are only values."""
    content = path.read_bytes()
    marks = (b"TREE", b"SNOD", b"HEAP", b"OHDR", b"FRHP", b"GCOL")
    at = random.choice([0, *(place for mark in marks for place in places(content, mark))])
    path.write_bytes(content[:at] + damage(random, content[at : at + 512]) + content[at + 512 :])


def check(model):
    """What a loaded model may not hold: values that are no numbers, and what other files hold."""
    for weight in model.weights:
        values = np.asarray(weight.numpy() if hasattr(weight, "numpy") else weight)
        if values.dtype.kind == "f":
            assert np.isfinite(values).all(), f"{weight.path} of the loaded model is not finite"
            assert not (values == SECRET).any(), f"{weight.path} of the loaded model is from another file"


HARMS = (operate, operate, operate, damage_structure)

"""What the configuration of a saved model may ask for: layers of Keras and of this project, and nothing else.

Keras builds whatever a configuration names. In several versions that were released, functions of
any module, code in Lambda layers and vocabularies in any file of the machine were among it, in
some of them with `safe_mode=True` (CVE-2025-1550, 8747, 9905, 9906, 12058). So all names are
looked up here first, and only classes that compute are let through.
"""

import inspect
import sys

import keras

from .. import ngram_index, word_index  # noqa: F401  (register the project's own layers)
from ..errors import Refused
from .custom_layers import HINT, UNKNOWN_PART

MOST_PARTS = 100_000  # layers, initializers, tensors and the like
MOST_LAYERS = 3_000
LARGEST = 10_000_000  # any number that tells a size
FREE_NUMBERS = {"seed", "shared_object_id", "value", "vocabulary"}  # and where larger ones may stand
DATA_TYPES = {
    *(f"{kind}{bits}" for kind in ("int", "uint", "float") for bits in (8, 16, 32, 64)),
    "bool", "bfloat16",
}  # fmt: skip
# What runs code of its own, or reads files, whatever else it is
FORBIDDEN = {
    "AWQConfig", "FlaxLayer", "GPTQConfig", "JaxLayer", "Lambda", "TFSMLayer", "TorchModuleWrapper",
}  # fmt: skip
# The project's own layers: the name that each is registered under, and the module that it must come from
OWN = {"glass_zoo>NgramIndex": "models.ngram_index", "glass_zoo>WordIndex": "models.word_index"}
PLAIN = {"__bytes__", "__ellipsis__", "__keras_tensor__", "__slice__"}


def check_config(config, custom=None):
    """Refuse a configuration that asks for more than layers of Keras and of this project.

    Args:
        config: What config.json holds. What compiling needs is taken out of it, since a model is
            loaded to be used, not to be trained on.
        custom: {name: class or function} of the user's own that it may ask for, too.

    Raises:
        Refused: Says what is wrong, in words that follow the file's name.
    """
    if not isinstance(config, dict) or "class_name" not in config:
        raise Refused("describes no model")
    waiting, parts, layers = [("config", config)], 0, 0
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                value.pop("compile_config", None)
                parts, layers = parts + 1, layers + _is_layer(_check_part(value, custom or {}))
            if isinstance(value.get("vocabulary"), str):
                raise Refused(f"asks for a vocabulary in another file ({value['vocabulary'][:100]!r})")
            waiting.extend(value.items())
        elif isinstance(value, list):
            waiting.extend((key, inner) for inner in value)
        elif isinstance(value, int) and abs(value) > LARGEST and key not in FREE_NUMBERS:
            raise Refused(f"asks for a number of more than {LARGEST:,} ({key[:50]})")
    if parts > MOST_PARTS or layers > MOST_LAYERS:
        raise Refused(f"asks for {layers:,} layers and {parts:,} parts, more than any model needs")


def _is_layer(found):
    return isinstance(found, type) and issubclass(found, keras.Operation)


def _check_part(part, custom):
    """Refuse a part that is none of Keras's own, nor of the user's; return its class if it has one."""
    name, module = part["class_name"], part.get("module")
    if not isinstance(name, str):
        raise Refused("describes no model")
    if name in PLAIN:
        return None
    inner = part.get("config")
    if name in ("__numpy__", "__tensor__"):
        if not isinstance(inner, dict) or inner.get("dtype") not in DATA_TYPES:
            raise Refused("has numbers of an unknown type")
        return None
    if part.get("registered_name") in OWN and _is_own(part["registered_name"], name):
        return keras.saving.get_registered_object(part["registered_name"])
    asked = inner if name == "function" else part.get("registered_name") or name
    if isinstance(asked, str) and asked in custom:
        return custom[asked]
    if module is None and isinstance(part.get("registered_name"), str):  # of a notebook or a script
        raise Refused(f"has a part that {UNKNOWN_PART} ({name[:100]!r}){HINT}")
    if not isinstance(module, str):
        raise Refused(f"has a part that does not say where it comes from ({name[:100]!r})")
    if name == "function":
        if not _is_activation(module, inner):
            raise Refused(f"asks for a function that is no activation of Keras's ({inner!r:.100})")
        found, registered = None, keras.saving.get_registered_object(inner)
    else:
        found = _class(module, name)
        if name == "Lambda":
            raise Refused(
                "has a Lambda layer, code that only the code that saved it knows: put a layer of Keras in "
                "its place, such as Rescaling, or an operator, such as x / 255"
            )
        if found is None or name in FORBIDDEN or found.__name__ in FORBIDDEN:
            theirs = found is None and module.partition(".")[0] != "keras"
            hint = HINT if theirs else ""
            raise Refused(
                f"has a part that runs code of its own or that {UNKNOWN_PART} "
                f"({module[:100]}.{name[:100]}){hint}"
            )
        if not isinstance(inner, dict):
            raise Refused(f"does not say how its {name} is made")
        registered = keras.saving.get_registered_object(str(part.get("registered_name") or name))
    if registered is not None or part.get("registered_name") not in (None, name, inner):
        raise Refused(f"has a part under a name that is registered for something else ({name[:100]!r})")
    return found


def _is_own(registered, name):
    """Whether what is registered under one of the project's own names is the project's own layer."""
    found = keras.saving.get_registered_object(registered)
    module = getattr(found, "__module__", "")
    ours = module == OWN[registered] or module.endswith(f".{OWN[registered]}")
    return isinstance(found, type) and issubclass(found, keras.Layer) and ours and found.__name__ == name


def _class(module, name):
    """A class of Keras's that computes, or helps to; None if there is none of that name."""
    if module.partition(".")[0] != "keras" or module not in sys.modules:
        return None
    found = vars(sys.modules[module]).get(name)
    quantization = getattr(keras.quantizers, "QuantizationConfig", keras.quantizers.Quantizer)
    kinds = (
        keras.Operation, keras.initializers.Initializer, keras.regularizers.Regularizer,
        keras.constraints.Constraint, keras.dtype_policies.DTypePolicy, keras.random.SeedGenerator,
        keras.quantizers.Quantizer, quantization,
    )  # fmt: skip
    own = isinstance(found, type) and found.__module__.partition(".")[0] == "keras"
    return found if own and issubclass(found, kinds) else None


def _is_activation(module, name):
    homes = {"keras.activations": [keras.activations], "keras.ops": [keras.ops]}
    homes["builtins"] = homes["keras.activations"]
    if not isinstance(name, str) or name in ("get", "serialize", "deserialize"):
        return False
    return any(inspect.isfunction(getattr(home, name, None)) for home in homes.get(module, ()))

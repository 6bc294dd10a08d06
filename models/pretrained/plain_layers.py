"""Vision transformers of KerasHub, rebuilt from Keras's own layers, so that they load without KerasHub.

KerasHub's layers hold several of Keras's own each. Here these become layers of one flat model. Dropout and
stochastic depth are left out, as what is computed for a photo is always the same.
"""

import keras
import numpy as np
from keras import layers, ops


def plain_features(network, x):
    """Features of a KerasHub network, computed by Keras's own layers with its weights.

    Args:
        network: A `ViTBackbone`, `DINOV2Backbone`, `DINOV3Backbone` or `SigLIPVisionEncoder` of KerasHub; or
            a backbone of feature maps whose layers are Keras's own, such as `ResNetBackbone`.
        x: Symbolic tensor (batch, size, size, 3), pixels as the network takes them.

    Returns:
        Symbolic tensor (batch, features): the class token beside the mean of the patches' tokens, without
        register tokens; of SigLIP, its pooled vector. Or feature maps (batch, height, width, features).

    Raises:
        ValueError: If it has layers that are not Keras's own, and is none of the transformers.

    Example:
        >>> pixels = keras.Input((8, 8, 3))
        >>> network = keras.Model(pixels, layers.Conv2D(4, 3)(pixels))
        >>> plain_features(network, keras.Input((8, 8, 3))).shape
        (None, 6, 6, 4)
    """
    makers = {"ViTBackbone": _vit, "DINOV2Backbone": _dino, "DINOV3Backbone": _dino}
    makers["SigLIPVisionEncoder"] = _siglip
    return makers.get(type(network).__name__, _maps)(network, x)


def _vit(network, x):
    embedding = network.get_layer("vit_patching_and_embedding")
    encoder = network.get_layer("vit_encoder")
    positions = _array(embedding.position_embedding.embeddings)
    first = np.zeros((0, positions.shape[1]), "float32")
    if embedding.use_class_token:
        first = _array(embedding.class_token)[0] + positions[:1]
    x = _embedded(embedding.patch_embedding, x, first, positions[len(first) :])
    for number, block in enumerate(encoder.encoder_layers):
        name = f"block_{number}"
        y = _copied(block.layer_norm_1, f"{name}_norm_1", x)
        x = layers.Add(name=f"{name}_attended")([x, _copied(block.mha, f"{name}_attention", y, y)])
        y = _copied(block.layer_norm_2, f"{name}_norm_2", x)
        y = _dense(block.mlp.dense_1, f"{name}_dense_1", y)
        y = _dense(block.mlp.dense_2, f"{name}_dense_2", y)
        x = layers.Add(name=name)([x, y])
    x = _copied(encoder.layer_norm, "norm", x)
    return _one_vector(x, len(first), len(first))


def _dino(network, x):
    embedding, side = network.embeddings, x.shape[1]
    first = _array(embedding.cls_token)[0]
    registers = _array(embedding.register_tokens)[0] if embedding.num_register_tokens else first[:0]
    positions, tables = None, None
    if hasattr(embedding, "interpolated_position_embeddings"):
        positions = _array(embedding.interpolated_position_embeddings)[0]
        first, positions = first + positions[:1], positions[1:]
    else:
        found = network.rope_embedding(np.zeros((1, side, side, 3), "float32"))
        tables = [_array(table) for table in found]  # cosines and sines, (patches, width of a head)
    special = 1 + len(registers)
    conv = embedding.patch_embeddings.projection
    x = _embedded(conv, x, np.concatenate([first, registers]), positions)
    for number, block in enumerate(network.encoder.layers):
        name = f"block_{number}"
        y = _copied(block.norm1, f"{name}_norm_1", x)
        scale = _array(block.layer_scale1.lambda1)
        if tables is None:
            y = _copied(block.attention.attention, f"{name}_attention", y, y, scale=scale)
        else:
            y = _rotary_attention(block.attention, name, y, tables, special, scale)
        x = layers.Add(name=f"{name}_attended")([x, y])
        y = _copied(block.norm2, f"{name}_norm_2", x)
        x = layers.Add(name=name)([x, _dino_dense(block.mlp, name, y, _array(block.layer_scale2.lambda1))])
    x = _copied(network.layernorm, "norm", x)
    return _one_vector(x, 1, special)


def _dino_dense(mlp, name, x, scale):
    """The dense layers of a block: two of them, or three of which one is a gate."""
    if hasattr(mlp, "fc1"):
        return _dense(mlp.fc2, f"{name}_dense_2", _dense(mlp.fc1, f"{name}_dense_1", x), scale)
    if hasattr(mlp, "weights_in"):
        gates, values = zip(*(np.split(_array(each), 2, -1) for each in mlp.weights_in.weights), strict=True)
        parts = []
        for part, found, activation in (("gate", gates, "silu"), ("values", values, None)):
            layer = layers.Dense(found[0].shape[-1], activation, name=f"{name}_{part}")
            parts.append(layer(x))
            layer.set_weights(found)
        return _dense(mlp.weights_out, f"{name}_dense", layers.Multiply(name=f"{name}_gated")(parts), scale)
    x = (
        _dense(mlp.up_proj, f"{name}_values", x)
        if not hasattr(mlp, "gate_proj")
        else layers.Multiply(name=f"{name}_gated")(
            [_dense(mlp.gate_proj, f"{name}_gate", x), _dense(mlp.up_proj, f"{name}_values", x)]
        )
    )
    return _dense(mlp.down_proj, f"{name}_dense", x, scale)


def _rotary_attention(attention, name, x, tables, special, scale):
    """Attention with rotary position embeddings: queries and keys of patches are turned by their places.

    Half of a head's features times cosines, and the other half times sines. Special tokens are not turned.
    """
    heads, width = attention.num_heads, attention.head_dim
    both = [_kernel_and_bias(each) for each in (attention.query_dense, attention.key_dense)]
    kernel, bias = (np.concatenate(each, -1) for each in zip(*both, strict=True))
    turned = layers.EinsumDense(
        "bnd,dhk->bnhk", (x.shape[1], 2 * heads, width), bias_axes="hk", name=f"{name}_queries_and_keys"
    )
    x_turned = turned(x)
    turned.set_weights([kernel.reshape(-1, 2 * heads, width), bias.reshape(2 * heads, width)])
    cosines, sines = tables
    swapped = layers.Concatenate(name=f"{name}_swapped")(ops.split(x_turned, 2, axis=-1)[::-1])
    sines = sines * np.repeat([-1.0, 1.0], width // 2)
    parts = []
    for kind, table, first, tensor in (
        ("cosines", cosines, np.ones, x_turned),
        ("sines", sines, np.zeros, swapped),
    ):
        layer = layers.EinsumDense(  # built not trainable, its kernel stays so
            "bnhk,nk->bnhk", (x.shape[1], 2 * heads, width), name=f"{name}_rotary_{kind}", trainable=False
        )
        parts.append(layer(tensor))
        layer.set_weights([np.concatenate([first((special, width)), table]).astype("float32")])
    queries, keys = ops.split(layers.Add(name=f"{name}_turned")(parts), 2, axis=2)
    values = _dense(attention.value_dense, f"{name}_values_of_heads", x)
    values = layers.Reshape((-1, heads, width), name=f"{name}_heads")(values)
    x = ops.dot_product_attention(queries, keys, values)
    x = layers.Reshape((-1, heads * width), name=f"{name}_heads_together")(x)
    return _dense(attention.output_dense, f"{name}_attention", x, scale)


def _siglip(network, x):
    embedding, head = network.embedding, network.head
    positions = _array(embedding.position_embedding.embeddings)
    x = _embedded(embedding.patch_embedding, x, positions[:0], positions)
    for number, block in enumerate(network.encoder_layers):
        name = f"block_{number}"
        y = _copied(block.layer_norm1, f"{name}_norm_1", x)
        x = layers.Add(name=f"{name}_attended")([x, _copied(block.self_attn, f"{name}_attention", y, y)])
        y = _copied(block.layer_norm2, f"{name}_norm_2", x)
        x = layers.Add(name=name)([x, _siglip_dense(block.mlp, name, y)])
    x = _copied(network.post_layer_norm, "norm", x)
    # What it looks for is the same for all photos: the bias of a layer whose kernel is zero
    probe = layers.Dense(x.shape[-1], name="probe")
    query = probe(layers.GlobalAveragePooling1D(keepdims=True, name="mean")(x))
    probe.set_weights([np.zeros((x.shape[-1],) * 2, "float32"), _array(head.probe)[0, 0]])
    x = _copied(head.attention, "pool", query, x)
    y = _siglip_dense(head.mlp, "pool", _copied(head.layer_norm, "pool_norm", x))
    return layers.Flatten(name="vector")(layers.Add(name="pooled")([x, y]))


def _siglip_dense(mlp, name, x):
    return _dense(mlp.fc2, f"{name}_dense_2", _dense(mlp.fc1, f"{name}_dense_1", x))


def _maps(network, x):
    """The same layers on other pixels, where all of them are Keras's own."""
    own = [each for each in network.operations if not type(each).__module__.startswith("keras.")]
    if own or len(network.inputs) != 1 or len(network.outputs) != 1 or len(network.output_shape) != 4:
        raise ValueError(f"{type(network).__name__} has layers that are not Keras's own, or gives no maps.")
    graph = keras.Model(network.inputs, network.outputs)
    return keras.tree.flatten(graph._run_through_graph([x], lambda operation: operation))[0]


def _embedded(conv, x, first, positions):
    """Tokens of an image's patches behind some that are the same for all images, as one layer.

    Args:
        conv: The `Conv2D` whose kernel is one patch.
        x: Tensor (batch, size, size, 3).
        first: Special tokens, their positions added: (k, width).
        positions: To add to the patches' tokens: (patches, width); None for nothing.

    Returns:
        Tensor (batch, k + patches, width).
    """
    kernel, bias = _kernel_and_bias(conv)
    high, wide, colours, width = kernel.shape
    rows, columns = x.shape[1] // high, x.shape[2] // wide
    x = layers.Reshape((rows, high, columns, wide * colours), name="rows_of_patches")(x)
    x = layers.Permute((1, 3, 2, 4), name="patches_in_rows")(x)
    x = layers.Reshape((rows * columns, high * wide * colours), name="patches")(x)
    if len(first):
        x = layers.ZeroPadding1D((len(first), 0), name="places_of_special_tokens")(x)
    patches = np.broadcast_to(bias, (rows * columns, width)) + (0 if positions is None else positions)
    layer = layers.EinsumDense("bnp,pd->bnd", (x.shape[1], width), bias_axes="nd", name="embedding")
    x = layer(x)
    layer.set_weights([kernel.reshape(-1, width), np.concatenate([first, patches])])
    return x


def _one_vector(x, classes, special):
    """The class token, where there is one, beside the mean of the patches' tokens."""
    patches = layers.Cropping1D((special, 0), name="patch_tokens")(x) if special else x
    mean = layers.GlobalAveragePooling1D(name="mean_of_patches")(patches)
    if not classes:
        return mean
    token = layers.Cropping1D((0, x.shape[1] - 1), name="class_token")(x)
    token = layers.Flatten(name="class_vector")(token)
    return layers.Concatenate(name="class_and_patches")([token, mean])


def _copied(layer, name, *inputs, scale=None):
    """A copy of one of Keras's layers, called; what it returns may be scaled for each feature."""
    if not type(layer).__module__.startswith("keras."):
        raise ValueError(f"{type(layer).__name__} is no layer of Keras's own.")
    config = layer.get_config() | {"name": name, "trainable": True}
    config |= {key: 0.0 for key in ("dropout",) if key in config}
    copied = type(layer).from_config(config)
    x = copied(*inputs)
    weights = layer.get_weights()
    if scale is not None:
        last = 2 if layer.get_config()["use_bias"] else 1
        weights[-last:] = [value * scale for value in weights[-last:]]
    copied.set_weights(weights)
    return x


def _dense(layer, name, x, scale=None):
    """A copy of a dense layer, called. KerasHub's approximate GELU is a function that no file may name."""
    approximate = layer.activation.__name__ == "gelu_approximate"
    activation = None if approximate else layer.activation
    copied = layers.Dense(layer.units, activation, use_bias=layer.use_bias, name=name)
    x = copied(x)
    copied.set_weights([value if scale is None else value * scale for value in layer.get_weights()])
    return ops.gelu(x, approximate=True) if approximate else x


def _kernel_and_bias(layer):
    kernel = _array(layer.kernel)
    return kernel, _array(layer.bias) if layer.use_bias else np.zeros(kernel.shape[-1], "float32")


def _array(variable):
    return np.asarray(ops.convert_to_numpy(variable), "float32")

"""What the page supports: layers that pass their input on, and activation functions."""

# Layers whose output is their input: always, or in inference
ONLY_SHAPE = ("Flatten", "Reshape", "Identity", "ActivityRegularization")
ONLY_TRAINING = (
    "Dropout",
    "SpatialDropout2D",
    "GaussianDropout",
    "GaussianNoise",
    "AlphaDropout",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
)

# Activation functions that the page supports, and the parameters of each
ACTIVATIONS = {
    "linear": {},
    "relu": {"negative_slope": 0.0, "max_value": None, "threshold": 0.0},
    "relu6": {},
    "leaky_relu": {"negative_slope": 0.2},
    "elu": {"alpha": 1.0},
    "celu": {"alpha": 1.0},
    "selu": {},
    "gelu": {"approximate": False},
    "silu": {},
    "mish": {},
    "sigmoid": {},
    "log_sigmoid": {},
    "hard_sigmoid": {},
    "hard_silu": {},
    "tanh": {},
    "hard_tanh": {},
    "tanh_shrink": {},
    "softplus": {},
    "softsign": {},
    "exponential": {},
    "softmax": {},
    "log_softmax": {},
    "log": {},
    "at_least": {"least": 0.0},
}
# Their names as operations, such as keras.ops.relu adds to a model's graph
ACTIVATION_OPERATIONS = {name.replace("_", ""): name for name in ACTIVATIONS} | {"exp": "exponential"}

"""What backbones there are. No Keras is loaded here, so that `python -m models` can list them."""

from dataclasses import dataclass, field

from models._errors import ModelError


@dataclass(frozen=True)
class Entry:
    """One backbone: a network of `keras.applications`, or of the zoo, without its head.

    Attributes:
        name: Its name in the table.
        family: Name of the network whatever its width; a width that is not said is read from
            a weights file.
        builder: Name of its builder, in `keras.applications` or in the zoo.
        about: One line of description.
        parameters: Number of its parameters.
        pixels: What the network expects of pixels, where it does not see to that itself: "signed" from
            -1 to 1, "grey".
        settings: Further arguments of the builder.
        image_size: Height and width of the images that it was trained on.
        smallest: The least height and width that it works on.
        weights: Name of the set of weights that there is for it.
        origin: Where that set is published, under Keras's address, with {size} where there is one
            for each of several sizes; empty where it comes with the zoo.
        sizes: Those sizes; for others the set for `image_size` is taken.
        checksum: The set's published checksum, if any.
    """

    name: str
    family: str
    builder: str
    about: str
    parameters: int
    pixels: str = ""
    settings: dict = field(default_factory=dict)
    image_size: int = 224
    smallest: int = 32
    weights: str = "imagenet"
    origin: str = ""
    sizes: tuple[int, ...] = ()
    checksum: str | None = None

    @property
    def tuning_size(self):
        """Height and width of images to fine-tune on, by default.

        Networks were trained on crops that show things larger than whole photos do. On photos that
        are larger by the same factor things have the size that the network knows.

        Reference:
            Touvron et al., Fixing the train-test resolution discrepancy, 2019.
        """
        return self.image_size if self.family == "convnet" else round(self.image_size / 22.4) * 32


def _entries():
    yield Entry(
        "convnet",
        "convnet",
        "ConvNet",
        "the zoo's own ConvNet, a reader of digits; takes colours as grey",
        300_224,
        pixels="grey",
        image_size=28,
        smallest=7,
        weights="mnist",
    )
    for width, file, parameters in (
        (0.25, "2_5", 218_544),
        (0.5, "5_0", 829_536),
        (0.75, "7_5", 1_832_976),
        (1.0, "1_0", 3_228_864),
    ):
        yield Entry(
            "mobilenet" + _suffix(width),
            "mobilenet",
            "MobileNet",
            f"depthwise and pointwise convolutions; features x {width}",
            parameters,
            pixels="signed",
            settings={"alpha": width},
            origin=f"mobilenet/mobilenet_{file}_{{size}}_tf_no_top.h5",
            sizes=(128, 160, 192, 224),
        )
    for width, parameters in (
        (0.35, 410_208),
        (0.5, 706_224),
        (0.75, 1_382_064),
        (1.0, 2_257_984),
        (1.3, 3_766_048),
        (1.4, 4_363_712),
    ):
        file = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{width}_{{size}}_no_top.h5"
        yield Entry(
            "mobilenet_v2" + _suffix(width),
            "mobilenet_v2",
            "MobileNetV2",
            f"MobileNet with residual bottlenecks; features x {width}",
            parameters,
            pixels="signed",
            settings={"alpha": width},
            origin="mobilenet_v2/" + file,
            sizes=(96, 128, 160, 192, 224) if width <= 1 else (224,),
        )
    yield Entry(
        "mobilenet_v3_small",
        "mobilenet_v3_small",
        "MobileNetV3Small",
        "a MobileNet found by search, with squeeze and excitation",
        939_120,
        origin="mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
        checksum="d3e8ec802a04aa4fc771ee12a9a9b836",
    )
    yield Entry(
        "mobilenet_v3_large",
        "mobilenet_v3_large",
        "MobileNetV3Large",
        "the larger network of the same search",
        2_996_352,
        origin="mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
        checksum="07fb09a5933dd0c8eaafa16978110389",
    )
    yield Entry(
        "efficientnet_v2_b0",
        "efficientnet_v2_b0",
        "EfficientNetV2B0",
        "found by search for speed of training, too",
        5_919_312,
        origin="efficientnet_v2/efficientnetv2-b0_notop.h5",
        checksum="893217f2bb855e2983157299931e43ff",
    )
    yield Entry(
        "xception",
        "xception",
        "Xception",
        "an Inception of depthwise convolutions",
        20_861_480,
        pixels="signed",
        image_size=299,
        smallest=71,
        origin="xception/xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
        checksum="b0042744bf5b25fce3cb969f33bebb97",
    )
    yield Entry(
        "resnet50_v2",
        "resnet50_v2",
        "ResNet50V2",
        "residual blocks, normalized before each convolution",
        23_564_800,
        pixels="signed",
        origin="resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        checksum="fac2f116257151a9d068a22e544a4917",
    )
    yield Entry(
        "convnext_tiny",
        "convnext_tiny",
        "ConvNeXtTiny",
        "a ResNet with what was learned from transformers",
        27_820_128,
        origin="convnext/convnext_tiny_notop.h5",
        checksum="d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
    )


def _suffix(width):
    return "" if width == 1 else f"_{round(100 * width):03}"


BACKBONES = {entry.name: entry for entry in _entries()}


def entry_of(name):
    """The entry of a backbone.

    Raises:
        ModelError: If there is none of that name.
    """
    if name not in BACKBONES:
        raise ModelError(f"There is no backbone {name!r}; there are {', '.join(BACKBONES)}.")
    return BACKBONES[name]

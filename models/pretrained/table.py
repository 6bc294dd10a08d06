"""What backbones there are. No Keras is loaded here, so that `python -m models` can list them."""

from dataclasses import dataclass, field

from ..errors import ModelError


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
        checksums: Published SHA-256 or MD5 of the sets, by the size of images that they are for;
            where none is published, a set is only checked by reading it.
        sizes: The sizes that there are sets for; for others the set for `image_size` is taken.
        one_size: Whether it takes images of `image_size` alone.
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
    checksums: dict = field(default_factory=dict)
    one_size: bool = False

    fingerprint = ""  # a name of the table says all

    def published(self, size):
        """Where the set for images of a size is published, and its checksum.

        Args:
            size: Height and width of the images.

        Returns:
            `(address, checksum)`: the address under Keras's, and the SHA-256 or MD5 in
            hexadecimal, None where none is published.
        """
        size = size if size in self.sizes else self.image_size
        return self.origin.format(size=size), self.checksums.get(size)

    @property
    def most_bytes(self):
        """Bytes that a published file may have: 4 for a parameter, and names and gaps."""
        return 8 * self.parameters + 20_000_000

    @property
    def tuning_size(self):
        """Height and width of images to fine-tune on, by default.

        Networks were trained on crops that show things larger than whole photos do. On photos that
        are larger by the same factor things have the size that the network knows.

        Reference:
            Touvron et al., Fixing the train-test resolution discrepancy, 2019.
        """
        return self.image_size if self.one_size else round(self.image_size / 22.4) * 32


# SHA-256 of the files without the head, by width and image size, as a later state of Keras's mobilenet.py
# lists them: Keras 3.15 checks none of these. Those of 2_5 and 5_0 for 224 pixels are confirmed elsewhere
_MOBILENET = {
    "2_5": {
        128: "7d8b7f3c9555cb4579f9659ee233a540e66fd7ad514c0a8b14493b667447c5d6",
        160: "c2f18432229c945b816f8b9f9cfa40d2964454b033efea804f6cd03942865bd4",
        192: "4b7370b9880577f12f31942049d19610a4559c8af38f39dc67d1f90ec9663aa1",
        224: "dbdb03ee2a22fd895301636cd328b234bb3a9952358f436d82f46b81e0d5b0bf",
    },
    "5_0": {
        128: "7f9871530e19990a9a180626566fcc32fb487c70880306592cae219d67179635",
        160: "7b15a4d22079138dd889a78cdea8d921a3b73cf7d313ff12f23634c4f71bcace",
        192: "b848a83f140e284973d80805dc4c184a0a885dadcc1700630a86879c9103d5b1",
        224: "df860c59562f4c4af7a2fb2ae90731caef39fd5d03e5fcd6ca46988965f0a4b7",
    },
    "7_5": {
        128: "dcc5aaa418bbf397a431e79a52be0ad1a61fb6364a9bb6d68b5258f13669c8ba",
        160: "6056d87ad4e3b341cc8272d68b54a8a113ef0b0e5ab1399e4a801d2942a064fa",
        192: "b8ea4352b99a87552c0b84c59b59d146b823b684766026ed8f0c68d3aab9e677",
        224: "1da9019b66f05a0256dedfed0f321fcaf8bfa71f9facf3f9117e62820be39aa5",
    },
    "1_0": {
        128: "8fbb8332b956430de61ad4fa1ab261ab5b7922ef1d0f38c30056a485ec0d4ecb",
        160: "22d25b67a8936869b5f0d0c840ba150c90dc89c0b07f8aacd387614be67845d2",
        192: "d67556231564ded95aaa7a44004c73aa9696fba267a6817f430eee097af11782",
        224: "9f9cfd8c925431c06ce96744e1d201575f6a681bf38ae2de38e2ae8f7d7829d3",
    },
}
# No more are published: the others are checked by reading them
_MOBILENET_V2 = {0.35: {224: "df1c3db1d0d9193719c4c70f707c56f7021f999f825bdc57454c275cf6def19f"}}


def _entries():
    yield from _small()
    yield from _searched()
    yield from _large()


def _small():
    """The zoo's ConvNet, and MobileNets of several widths."""
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
        one_size=True,
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
            checksums=_MOBILENET[file],
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
            checksums=_MOBILENET_V2.get(width, {}),
        )


def _searched():
    """Networks that were found by search."""
    yield Entry(
        "mobilenet_v3_small",
        "mobilenet_v3_small",
        "MobileNetV3Small",
        "a MobileNet found by search, with squeeze and excitation",
        939_120,
        origin="mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
        checksums={224: "d3e8ec802a04aa4fc771ee12a9a9b836"},
    )
    yield Entry(
        "mobilenet_v3_large",
        "mobilenet_v3_large",
        "MobileNetV3Large",
        "the larger network of the same search",
        2_996_352,
        origin="mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
        checksums={224: "07fb09a5933dd0c8eaafa16978110389"},
    )
    yield Entry(
        "efficientnet_v2_b0",
        "efficientnet_v2_b0",
        "EfficientNetV2B0",
        "found by search for speed of training, too",
        5_919_312,
        origin="efficientnet_v2/efficientnetv2-b0_notop.h5",
        checksums={224: "893217f2bb855e2983157299931e43ff"},
    )
    # These two were trained on sizes that grow up to this one, and evaluated at 384 and 480
    for letter, about, parameters, size, checksum in (
        ("s", "the smallest of those made for GPUs", 20_331_360, 300, "af0682fb74e8c54910f2d4393339c070"),
        ("m", "the next larger one; slow without a GPU", 53_150_388, 380, "1b8dc055df72dde80d614482840fe342"),
    ):
        yield Entry(
            f"efficientnet_v2_{letter}",
            f"efficientnet_v2_{letter}",
            f"EfficientNetV2{letter.upper()}",
            about,
            parameters,
            image_size=size,
            origin=f"efficientnet_v2/efficientnetv2-{letter}_notop.h5",
            checksums={size: checksum},
        )


def _large():
    """Networks with tens of millions of parameters, from the oldest on."""
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
        checksums={299: "b0042744bf5b25fce3cb969f33bebb97"},
    )
    yield Entry(
        "resnet50_v2",
        "resnet50_v2",
        "ResNet50V2",
        "residual blocks, normalized before each convolution",
        23_564_800,
        pixels="signed",
        origin="resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        checksums={224: "fac2f116257151a9d068a22e544a4917"},
    )
    for width, about, parameters, checksum in (
        (
            "tiny",
            "a ResNet with what was learned from transformers",
            27_820_128,
            "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
        ),
        (
            "small",
            "the same with three times as many blocks in its third stage",
            49_454_688,
            "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab",
        ),
        (
            "base",
            "as deep as convnext_small, a third wider; slow without a GPU",
            87_566_464,
            "40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45",
        ),
    ):
        yield Entry(
            f"convnext_{width}",
            f"convnext_{width}",
            f"ConvNeXt{width.title()}",
            about,
            parameters,
            origin=f"convnext/convnext_{width}_notop.h5",
            checksums={224: checksum},
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

from .convnets import ConvNet, LeNet5, StackedConvNet, TwoBlockConvNet
from .counting import ConvLayer, CountingMLP, DenseLayer
from .dense import MLP, DenseChain
from .errors import ModelError
from .filters import FilterBank
from .fine_tuning.multi_label.classifier import MultiLabelClassifier
from .fine_tuning.photo_classifier import PhotoClassifier
from .fine_tuning.transfer import TransferClassifier
from .generative import Discriminator, Generator
from .loading.saved_models import load_model
from .pretrained.backbones import Backbone
from .q_networks import QNetwork
from .receptive_fields import WindowStack
from .skip_gram import SkipGram
from .sound import SoundConvNet
from .text import (
    SentimentBag,
    SentimentBiLSTM,
    SentimentConv1D,
    SentimentLSTM,
    SentimentPooledLSTM,
    SentimentSimpleRNN,
)
from .text_classification.classifier import TextClassifier
from .text_classification.strings import StringClassifier
from .text_ngrams import SentimentNgrams
from .video import FrameByFrame, VideoConv3D, VideoLSTM
from .word_vectors.files import load_word_vectors
from .x_or_o import XorO

__all__ = [
    "Backbone",
    "ConvLayer",
    "ConvNet",
    "CountingMLP",
    "DenseChain",
    "DenseLayer",
    "Discriminator",
    "FilterBank",
    "FrameByFrame",
    "Generator",
    "LeNet5",
    "MLP",
    "ModelError",
    "MultiLabelClassifier",
    "PhotoClassifier",
    "QNetwork",
    "SentimentBag",
    "SentimentBiLSTM",
    "SentimentConv1D",
    "SentimentLSTM",
    "SentimentNgrams",
    "SentimentPooledLSTM",
    "SentimentSimpleRNN",
    "SkipGram",
    "SoundConvNet",
    "StackedConvNet",
    "StringClassifier",
    "TextClassifier",
    "TransferClassifier",
    "TwoBlockConvNet",
    "VideoConv3D",
    "VideoLSTM",
    "WindowStack",
    "XorO",
    "load_model",
    "load_word_vectors",
]

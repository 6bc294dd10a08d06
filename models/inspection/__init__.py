"""Look into a trained model: what its layers pass on, and what its outputs depend on.

Every function takes functional, sequential and nested models, whatever they end in: softmax,
sigmoid or logits. A layer inside a nested model is named like any other, or `outer/inner` where
several have that name. Gradients are TensorFlow's.
"""

from .answers import check_image_classifier, class_probabilities
from .effective_fields import effective_field, field_boxes, input_gradient, linear_probe, pixels_holding
from .excitation import Excitement, exciting_image, most_exciting
from .feature_maps import feature_maps, hidden_activations
from .grad_cam import grad_cam
from .graphs import first_filters, has_feature_maps, hidden_layer, stages
from .occlusion import deletion, occlusion
from .saliency import saliency

__all__ = [
    "Excitement",
    "check_image_classifier",
    "class_probabilities",
    "deletion",
    "effective_field",
    "exciting_image",
    "feature_maps",
    "field_boxes",
    "first_filters",
    "grad_cam",
    "has_feature_maps",
    "hidden_activations",
    "hidden_layer",
    "input_gradient",
    "linear_probe",
    "most_exciting",
    "occlusion",
    "pixels_holding",
    "saliency",
    "stages",
]

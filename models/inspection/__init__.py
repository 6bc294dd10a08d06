"""Inspect a trained model: its feature maps, and the pixels that its predictions depend on.

Every function takes functional, sequential and nested models that end in softmax, sigmoid or logits.
Layers of a nested model are named like others, or `outer/inner` if several have the same name. Gradients
are TensorFlow's.
"""

from .attention import attention_map, attention_rollout, has_attention
from .attribution import integrated_gradients, smooth_grad
from .effective_fields import effective_field, field_boxes, input_gradient, linear_probe, pixels_holding
from .excitation import Excitement, exciting_image, most_exciting
from .feature_maps import feature_maps, hidden_activations
from .grad_cam import grad_cam, grad_cam_plus_plus, layer_cam
from .graphs import first_filters, has_feature_maps, hidden_layer, stages
from .occlusion import deletion, insertion, occlusion
from .outputs import with_one_output
from .predictions import check_image_classifier, class_probabilities
from .randomization import randomized, rank_correlations, sanity_check, weighted_layers
from .saliency import saliency

__all__ = [
    "Excitement",
    "attention_map",
    "attention_rollout",
    "check_image_classifier",
    "class_probabilities",
    "deletion",
    "effective_field",
    "exciting_image",
    "feature_maps",
    "field_boxes",
    "first_filters",
    "grad_cam",
    "grad_cam_plus_plus",
    "has_attention",
    "has_feature_maps",
    "hidden_activations",
    "hidden_layer",
    "input_gradient",
    "insertion",
    "integrated_gradients",
    "layer_cam",
    "linear_probe",
    "most_exciting",
    "occlusion",
    "pixels_holding",
    "randomized",
    "rank_correlations",
    "saliency",
    "sanity_check",
    "smooth_grad",
    "stages",
    "weighted_layers",
    "with_one_output",
]

"""Fine-tune a pretrained network on a user's own photos: data augmentation, caching, training, evaluation."""

from ..startup.quiet import without_retracing_notices

without_retracing_notices()  # probes at several sizes and a fine-tuned top are several models

"""Fine-tuning: a new head on a pretrained backbone, and data augmentation."""

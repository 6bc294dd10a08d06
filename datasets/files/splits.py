"""What the parts of a split are called, in folders and in tables."""

PARTS = {
    "train": ("train", "training", "trn"),
    "validation": ("val", "valid", "validation", "dev", "development"),
    "test": ("test", "testing", "tst", "holdout", "heldout", "eval", "evaluation"),
}

"""Training of a student: corpus, augmentation, loss, training loop, evaluation and model card."""

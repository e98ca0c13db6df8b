//! Training of models of the GLM-4.1V architecture: pre-training and supervised fine-tuning, from a recipe to a checkpoint.

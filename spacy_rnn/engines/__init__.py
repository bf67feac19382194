"""Prediction on CPU by another runtime than torch, from the weights of torch's modules."""

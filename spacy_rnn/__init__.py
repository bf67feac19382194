"""Recurrent pipelines for spaCy."""

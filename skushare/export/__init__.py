"""Turning a trained network into files that run elsewhere."""

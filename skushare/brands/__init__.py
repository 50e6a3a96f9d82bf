"""Whose facings are these: embeddings, galleries, recognition."""

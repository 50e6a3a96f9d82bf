"""Serving a bundle, and the app, to the browsers of this machine and of its network."""

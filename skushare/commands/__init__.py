"""The commands of the command line, one module each; heavy imports stay inside the functions."""

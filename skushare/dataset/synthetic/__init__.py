"""Made-up supermarket shelves whose facings are known exactly, and camera sweeps along them.

A shelf is laid out in space, seen through a pinhole camera and then through a lens.
"""

from skushare.dataset.synthetic.shelf import generate_shelf, write_dataset
from skushare.dataset.synthetic.sweep import sweep

__all__ = ["generate_shelf", "sweep", "write_dataset"]

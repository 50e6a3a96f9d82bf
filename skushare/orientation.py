"""Turning pictures upright, by the orientation that a camera writes into EXIF."""

import cv2

_ORIENTATION = 0x0112  # the EXIF tag
# What is left to do after transposing (orientations 5 to 8), as a flip code of OpenCV.
_FLIPS = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}


def exif_orientation(picture):
    """How a Pillow ``picture`` is to be turned to stand upright: EXIF's 1 (not at all) to 8."""
    try:
        orientation = picture.getexif().get(_ORIENTATION)
    except Exception:  # unreadable EXIF must not cost the picture
        return 1
    return int(orientation) if orientation in range(1, 9) else 1  # some write it as a fraction


def lies_on_side(orientation):
    """Whether EXIF's ``orientation`` swaps the width and height of a picture."""
    return orientation in (5, 6, 7, 8)


def upright(pixels, orientation):
    """``pixels`` turned and mirrored as EXIF's ``orientation`` says."""
    if lies_on_side(orientation):
        pixels = cv2.transpose(pixels)
    if orientation in _FLIPS:
        pixels = cv2.flip(pixels, _FLIPS[orientation])
    return pixels

"""The bundled pictures: what the start page shows of them is what they show."""

import json
from collections import Counter

import pytest

from skushare.brands.embedder import Embedder
from skushare.brands.gallery_files import read_gallery
from skushare.brands.recognition import recognise
from skushare.detector.runtime import Detector
from skushare.images import read_image
from skushare.samples import DEMO_GALLERY, FOLDER, sample_pictures
from skushare.shelf.share import share_of_shelf


@pytest.fixture(scope="module")
def counted():
    """What counts a sample picture by the demo gallery: its table of shares."""
    detector, embedder = Detector.load(), Embedder.load()
    gallery = read_gallery(DEMO_GALLERY, embedder)

    def count(picture):
        image = read_image(picture)
        found = recognise(image, detector.detect(image), embedder, gallery)
        return share_of_shelf(found, brands=gallery.brands).set_index("name")

    return count


@pytest.mark.parametrize("picture", sample_pictures(), ids=lambda picture: picture.stem)
def test_the_brands_of_a_sample_have_the_facings_that_are_drawn_there(counted, picture):
    content = json.loads((FOLDER / "annotations.json").read_text(encoding="utf-8"))
    number = next(photo["id"] for photo in content["images"] if photo["file_name"] == picture.name)
    drawn = Counter(note["brand"] for note in content["annotations"] if note["image_id"] == number)
    table = counted(picture)
    facings = Counter(table["facings"].to_dict())
    assert facings.total() == drawn.total()
    assert (facings - drawn).total() <= 1  # named otherwise, or by none
    for brand, count in drawn.items():
        line = table.loc[brand]
        assert abs(line["share"] - count / drawn.total()) <= line["margin"]

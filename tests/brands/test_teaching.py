"""Labelled photos, each half red and half green, taught to an embedder of colours."""

import numpy as np
import pytest
from PIL import Image

from skushare.brands.brand_map import read_brand_map
from skushare.brands.gallery import Gallery, GalleryError
from skushare.brands.teaching import teach_dataset
from skushare.dataset.dataset import Dataset, Sample
from skushare.errors import DatasetError
from tests.brands.conftest import picture

RED, GREEN = (0, 0, 24, 24), (24, 0, 48, 24)


def photo(folder, name="shelf.png"):
    """A :class:`Sample` of a red and a green facing, of the classes 0 and 1."""
    Image.fromarray(np.hstack([picture("red"), picture("green")])).save(folder / name)
    return Sample(folder / name, 48, 24, [RED, GREEN], [0, 1])


def taught(embedder, samples, labels=("Rot", "Gruen"), most=9, **more):
    return teach_dataset(Gallery("g"), Dataset("d", tuple(samples), labels), embedder, most, **more)


def brand_map(folder, text):
    (folder / "map.csv").write_text(text)
    return read_brand_map(folder / "map.csv")


def test_each_label_becomes_a_product_of_its_own_brand(tmp_path, embedder):
    gallery, known, faults = taught(embedder, [photo(tmp_path)])
    assert [(sku.name, sku.brand, sku.own) for sku in gallery.skus] == [
        ("Rot", "Rot", False),
        ("Gruen", "Gruen", False),
    ]
    assert gallery.example_skus.tolist() == [0, 1] and (known, faults) == (0, [])
    np.testing.assert_allclose(
        gallery.embeddings, embedder.embed_pictures([picture("red"), picture("green")])
    )


def test_the_brand_map_tells_brands_and_own_ones_and_a_label_that_it_lacks_is_not_taught(tmp_path, embedder):
    mapped = brand_map(tmp_path, "label,brand,own\nRot,House,yes\nBlau,House,yes\n")
    gallery, *_ = taught(embedder, [photo(tmp_path)], brand_map=mapped)
    assert [(sku.name, sku.brand, sku.own) for sku in gallery.skus] == [("Rot", "House", True)]


def test_a_brand_map_of_other_labels_is_refused(tmp_path, embedder):
    with pytest.raises(GalleryError, match="dataset's labels"):
        taught(embedder, [photo(tmp_path)], brand_map=brand_map(tmp_path, "label,brand\nBlau,Blau\n"))


def test_brands_that_differ_by_case_are_one(tmp_path, embedder):
    gallery, *_ = taught(embedder, [photo(tmp_path)], ("Cola", "cola"))
    assert len(gallery.skus) == 2 and gallery.brands == ("Cola",)
    mapped = brand_map(tmp_path, "label,brand,own\nCola,Pop,\ncola,POP,yes\n")
    gallery, *_ = taught(embedder, [photo(tmp_path)], ("Cola", "cola"), brand_map=mapped)
    assert gallery.brands == gallery.own_brands == ("Pop",)


def test_the_examples_of_a_label_are_of_as_many_photos_as_can_be(tmp_path, embedder):
    first, second = (photo(tmp_path, name) for name in ("1.png", "2.png"))
    first, given = Sample(first.path, 48, 24, [RED, (0, 0, 20, 24)], [0, 0]), []
    taught(embedder, [first, second], most=2, progress=lambda photos: given.extend(photos) or photos)
    assert [(path.name, [label for label, _ in boxes]) for path, boxes in given] == [
        ("1.png", ["Rot"]),
        ("2.png", ["Rot", "Gruen"]),
    ]


def test_regions_to_be_ignored_are_not_taught(tmp_path, embedder):
    shown = photo(tmp_path)
    gallery, *_ = taught(embedder, [Sample(shown.path, 48, 24, shown.boxes, [0, 1], scores=[1, 0])])
    assert [sku.name for sku in gallery.skus] == ["Rot"]


def test_the_facings_of_a_photo_are_embedded_at_once_and_one_that_is_there_twice_is_one_example(
    tmp_path, embedder, monkeypatch
):
    embed, counts = embedder.embed, []
    monkeypatch.setattr(embedder, "embed", lambda *args: counts.append(len(args[1])) or embed(*args))
    gallery, known, _ = taught(embedder, [Sample(photo(tmp_path).path, 48, 24, [RED, GREEN, RED], [0, 1, 0])])
    assert counts == [3] and len(gallery.pictures) == 2 and known == 1


def test_what_was_taught_before_is_known_and_under_another_name_of_that_one_alone(tmp_path, embedder):
    shown = Dataset("d", (photo(tmp_path),), ("Rot", "Gruen"))
    gallery, *_ = teach_dataset(Gallery("g"), shown, embedder, 9)
    again, known, _ = teach_dataset(gallery, shown, embedder, 9)
    assert again is gallery and known == 2
    renamed = Dataset("d", shown.samples, ("Rot", "Blau"))
    again, known, _ = teach_dataset(gallery, renamed, embedder, 9)
    assert known == 1 and len(again.pictures) == 2
    assert [again.skus[i].name for i in again.example_skus] == ["Rot", "Blau"]


def test_photos_of_another_size_than_their_labels_and_those_that_cannot_be_read_are_left_out(
    tmp_path, embedder
):
    right, other = photo(tmp_path, "right.png"), photo(tmp_path, "other.png")
    (tmp_path / "broken.png").write_bytes(right.path.read_bytes()[:60])
    wrong = Sample(other.path, 24, 12, [(0, 0, 12, 12)])
    broken = Sample(tmp_path / "broken.png", 48, 24, [RED])
    gallery, _, faults = taught(embedder, [wrong, broken, right])
    assert len(gallery.pictures) == 2
    assert ["other.png" in str(faults[0]), "broken.png" in str(faults[1]), len(faults)] == [True, True, 2]
    with pytest.raises(DatasetError, match=r"d: nothing to teach: .*other.png.*--fix size"):
        taught(embedder, [wrong])


def test_photos_that_are_gone_take_no_place_of_those_that_are_there(tmp_path, embedder):
    there = photo(tmp_path)
    gone = [Sample(tmp_path / f"{n}.png", 48, 24, there.boxes, there.class_ids) for n in range(3)]
    gallery, _, faults = taught(embedder, [*gone, there], most=1)
    assert len(gallery.pictures) == 2
    assert list(map(str, faults)) == [f"{sample.path}: no such file; check the path" for sample in gone]


def test_without_a_box_to_teach_it_is_said_why(tmp_path, embedder):
    empty = Sample(photo(tmp_path).path, 48, 24)
    with pytest.raises(DatasetError, match="d: nothing to teach: no photo has a box$"):
        taught(embedder, [empty])
    with pytest.raises(DatasetError, match="no photo has a box of a label that the brand map has"):
        taught(embedder, [empty], brand_map=brand_map(tmp_path, "label,brand\nRot,Rot\n"))

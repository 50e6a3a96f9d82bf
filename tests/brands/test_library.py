"""Saved galleries keep every version and come back as the same value."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from skushare.brands.brand_map import MAP_NAME
from skushare.brands.gallery import Gallery, GalleryError
from skushare.brands.gallery_files import read_gallery
from skushare.brands.library import (
    brand_map_names,
    delete_gallery,
    gallery_names,
    gallery_of,
    gallery_versions,
    open_gallery,
    repair_gallery,
    save_gallery,
    skus_of,
)
from skushare.database import pictures
from skushare.samples import DEMO_GALLERY

pytestmark = pytest.mark.usefixtures("database")


def test_versions_count_up_and_old_ones_stay(gallery):
    assert save_gallery(gallery) == 1
    assert save_gallery(gallery) == 1  # nothing new
    smaller = gallery.without("a")
    assert save_gallery(smaller) == 2
    assert open_gallery("shelf").digest == smaller.digest
    assert open_gallery("shelf", 1).digest == gallery.digest == gallery_of(gallery.digest).digest
    assert [(s.version, s.products, s.brands) for s in gallery_versions("shelf")] == [
        (2, 2, ("Rot", "Blau")),
        (1, 3, ("Rot", "Blau")),
    ]


@pytest.mark.parametrize("name", ["empty", "'; DROP TABLE galleries; --", "سوق 🛒", "x" * 200])
def test_any_name_and_no_examples(name):
    save_gallery(Gallery(name))
    assert gallery_names() == [name] and open_gallery(name).skus == ()


def test_no_gallery_that_is_taught_is_called_as_a_brand_map(gallery):
    for taught in (gallery, Gallery("new")):
        with pytest.raises(GalleryError, match="only brand maps are called so; choose another name"):
            save_gallery(replace(taught, name=MAP_NAME.format("packs")), "")
    assert brand_map_names() == gallery_names() == []
    save_gallery(Gallery(MAP_NAME.format("packs"), gallery.skus))
    assert brand_map_names() == ["packs (brand map)"]


def test_what_is_not_there_is_named_with_what_is(gallery):
    save_gallery(gallery)
    for call in (
        lambda: open_gallery("none"),
        lambda: open_gallery("none", 1),
        lambda: gallery_of("0" * 64),
    ):
        with pytest.raises(GalleryError, match="there are: shelf"):
            call()
    save_gallery(gallery.without("a"))
    with pytest.raises(GalleryError, match="shelf: there is no version 7; there are: 1, 2"):
        open_gallery("shelf", 7)


def test_deleting_takes_all_versions_and_the_pictures_that_nothing_else_uses(gallery):
    save_gallery(gallery)
    save_gallery(gallery.without("a"))
    save_gallery(replace(gallery, name="other").without("b"))
    delete_gallery("shelf")
    assert gallery_names() == ["other"]
    names = [hashlib.sha256(picture).hexdigest() for picture in gallery.pictures]
    assert all(map(pictures.get, names))  # too young: somebody may be about to save them
    for name in names:
        os.utime(pictures.picture_path(name), (1, 1))
    delete_gallery("shelf")  # or whatever is deleted next
    assert open_gallery("other").pictures == gallery.without("b").pictures
    assert not pictures.picture_path(names[1]).exists()


def test_many_who_save_versions_at_once_lose_none(gallery):
    versions = [replace(gallery, threshold=0.5 + i / 100) for i in range(12)]
    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(save_gallery, versions)) == list(range(1, 13))
    assert len(gallery_versions("shelf")) == 12


def test_a_version_made_from_one_that_is_no_longer_the_newest_is_refused(gallery):
    other = gallery.without("b")
    save_gallery(gallery, seen="")
    with pytest.raises(GalleryError, match="taught elsewhere"):
        save_gallery(other, seen="")
    assert save_gallery(gallery, seen="") == 1  # the same: nothing would be lost
    assert save_gallery(gallery.without("a"), gallery.digest) == 2
    with pytest.raises(GalleryError, match="taught elsewhere"):
        save_gallery(other, gallery.digest)
    delete_gallery("shelf")
    save_gallery(other, gallery.digest)
    assert [saved.digest for saved in gallery_versions("shelf")] == [other.digest]


def test_a_gallery_whose_examples_are_all_taken_out_names_nothing_and_can_be_taught_anew(gallery, embedder):
    save_gallery(gallery.without_examples(range(len(gallery.pictures))))
    emptied = open_gallery("shelf").embedded_by(embedder)
    assert emptied.skus == gallery.skus and not emptied.by_label
    assert set(emptied.recognise(gallery.embeddings, embedder)[0].tolist()) == {-1}
    taught = emptied.with_examples(gallery.skus[0], gallery.embeddings[:1], gallery.pictures[:1], embedder)
    assert taught.recognise(gallery.embeddings[:1], embedder)[0].tolist() == [0]


def test_products_are_those_of_the_version_or_of_the_bundled_gallery(gallery):
    save_gallery(gallery)
    save_gallery(gallery.without("a"))
    assert skus_of(gallery.digest) == gallery.skus
    bundled = read_gallery(DEMO_GALLERY)
    assert skus_of(bundled.digest) == bundled.skus
    assert skus_of("0" * 64) == skus_of("") == ()


@pytest.mark.parametrize("lost", [[], [0], [1, 2], [0, 1, 2, 3]])
def test_a_gallery_goes_on_without_the_examples_whose_pictures_are_lost(gallery, lost):
    save_gallery(gallery)
    paths = [pictures.picture_path(hashlib.sha256(gallery.pictures[i]).hexdigest()) for i in lost]
    for path in paths:
        path.write_bytes(b"half")
    if lost:
        with pytest.raises(GalleryError, match="skushare gallery repair shelf") as error:
            open_gallery("shelf")
        assert f"{len(lost)} of its 4 examples" in str(error.value) and str(paths[0]) in str(error.value)
    repaired, count = repair_gallery("shelf")
    assert count == len(lost) and repaired.digest == gallery.without_examples(lost).digest
    assert open_gallery("shelf").digest == repaired.digest
    assert [version.version for version in gallery_versions("shelf")] == ([2, 1] if lost else [1])


def test_where_pictures_lie_is_asked_once_a_gallery(gallery, monkeypatch):
    asked, folder = [], pictures.pictures_folder
    monkeypatch.setattr(pictures, "pictures_folder", lambda: asked.append(1) or folder())
    save_gallery(gallery)
    assert len(gallery.pictures) > 1 and len(asked) == 1
    open_gallery("shelf")
    assert len(asked) == 2

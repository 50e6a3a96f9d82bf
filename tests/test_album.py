"""The list of counted photos: thresholds, repeats, failures, bounds."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from skushare.album import PREVIEW_SIDE, SCORE_FLOOR, Album
from skushare.detections import Detections
from skushare.errors import SkushareError
from skushare.jpeg import decode_jpeg, encode_jpeg
from tests.brands.conftest import ColorEmbedder, color_gallery


class Detector:
    labels, least = ("facing",), 0.4

    def __init__(self):
        self.calls = []

    def threshold(self, mode):
        return self.least

    def detect(self, image, mode="photo", min_score=None, max_detections=None):
        self.calls.append((image.shape, mode, min_score))
        boxes = [[100, 200, 300, 400], [400, 200, 500, 300], [0, 0, 50, 50]]
        return Detections(np.float32(boxes), [0.9, 0.5, 0.1], [0, 0, 0])


def photo(shade, width=800, height=600):
    return encode_jpeg(np.full((height, width, 3), shade, np.uint8))


@pytest.fixture
def detector():
    return Detector()


def test_a_new_threshold_needs_no_new_run(detector):
    album = Album()
    album.add("a.jpg", photo(10), detector)
    assert [len(album.found(score)[0]) for score in (0.05, 0.4, 0.8, 0.95)] == [3, 2, 1, 0]
    assert len(detector.calls) == 1 and detector.calls[0][1:] == ("photo", SCORE_FLOOR)


def test_shares_are_of_all_photos(detector):
    album = Album()
    assert len(album.shares(0.4)) == 0
    album.add("a.jpg", photo(10), detector)
    album.add("b.jpg", photo(20), detector)
    assert album.shares(0.4, detector.labels)["facings"].tolist() == [4]


def test_different_photos_of_one_name_are_told_apart(detector):
    album = Album()
    for shade in (10, 20, 30):
        album.add("image.jpg", photo(shade), detector)
    album.add("image.jpg", photo(20), detector)
    assert [photo.name for photo in album.photos.values()] == ["image.jpg", "image_2.jpg", "image_3.jpg"]
    assert album.repeats == ["image.jpg"]


def test_a_photo_that_the_server_has_cleared_away_is_told_by_its_name(detector):
    album = Album()
    album.add("a.jpg", photo(10), detector)
    (key,) = album.photos
    assert album.original(key) == photo(10)
    album._original(key).unlink()
    with pytest.raises(SkushareError, match=r"a\.jpg: the server no longer has it"):
        album.original(key)


def test_a_bad_file_is_reported_by_name_and_the_rest_goes_on(detector):
    album = Album()
    for name, data in (
        ("a.jpg", photo(1)),
        ("bad.jpg", b"not a picture"),
        ("empty.jpg", b""),
        ("b.jpg", photo(2)),
    ):
        album.add(name, data, detector)
    assert [p.name for p in album.photos.values()] == ["a.jpg", "b.jpg"]
    assert [message.split(":")[0] for message in album.failures.values()] == ["bad.jpg", "empty.jpg"]


def test_the_same_photo_counts_once(detector):
    album = Album()
    album.add("a.jpg", photo(1), detector)
    album.add("copy of a.jpg", photo(1), detector)
    assert len(album) == len(detector.calls) == 1 and album.repeats == ["copy of a.jpg"]


def test_a_full_list_refuses_more_by_name(detector, monkeypatch):
    monkeypatch.setattr("skushare.album.MAX_PHOTOS", 2)
    album = Album()
    for shade in range(3):
        album.add(f"{shade}.jpg", photo(shade * 40), detector)
    assert len(album) == 2 and "2.jpg" in next(iter(album.failures.values()))
    album.remove(next(iter(album.photos)))
    album.add("2.jpg", photo(80), detector)
    assert len(album) == 2 and not album.failures


def test_only_a_small_preview_is_kept(detector):
    album = Album()
    album.add("a.jpg", photo(200, 4000, 3000), detector)
    kept = next(iter(album.photos.values()))
    assert decode_jpeg(kept.preview).shape == (PREVIEW_SIDE * 3 // 4, PREVIEW_SIDE, 3)
    assert (kept.width, kept.height) == (4000, 3000)


def test_boxes_are_drawn_where_they_are_in_the_preview(detector):
    album = Album()
    album.add("a.jpg", photo(200, 2560, 1920), detector)
    (shown,) = album.photos.values()
    drawn = decode_jpeg(shown.drawn(shown.detections.above(0.8), detector.labels)).astype(int)
    changed = np.argwhere(np.abs(drawn - 200).max(axis=2) > 60)
    assert (
        np.abs(changed.min(axis=0) - [100, 50]).max() <= 4
        and np.abs(changed.max(axis=0) - [200, 150]).max() <= 4
    )


def test_files_are_taken_in_slices_and_read_once(detector):
    album, reads = Album(), []

    def read(shade):
        reads.append(shade)
        return photo(shade * 20)

    files = [(i, f"{i}.jpg", lambda i=i: read(i)) for i in range(4)]
    assert [album.take(files, detector, seconds=0) for _ in range(5)] == [3, 2, 1, 0, 0]
    assert reads == [0, 1, 2, 3] and len(album) == 4
    assert album.take([], detector, seconds=0) == 0


def test_what_was_to_be_counted_and_is_not_yet_is_known_also_to_a_copy(detector):
    album = Album()
    files = [(i, f"{i}.jpg", lambda i=i: photo(i * 20)) for i in range(4)]
    told = []
    while album.take(files, detector, seconds=0):
        told.append(album.copy().waiting)
    assert told == [("1.jpg", "2.jpg", "3.jpg"), ("2.jpg", "3.jpg"), ("3.jpg",)] and album.waiting == ()


def test_only_what_is_added_again_waits_no_more(detector):
    album = Album()
    files = [(i, name, lambda i=i: photo(i * 20)) for i, name in enumerate(("a", "b", "c", "c", "d"))]
    album.take(files, detector, seconds=0)
    assert album.waiting == ("b", "c", "c", "d")  # the page is left: their files are gone
    for identity, shade, waiting in ((5, 60, ("b", "c", "d")), (6, 40, ("b", "d"))):
        assert album.take([(identity, "c", lambda shade=shade: photo(shade))], detector, 9) == 0
        assert album.waiting == waiting
    album.take([(7, "d", lambda: b"no picture"), (8, "e", lambda: photo(200))], detector, seconds=9)
    assert album.waiting == ("b",) and len(album) == 4


def test_repeats_are_those_of_the_files_last_taken(detector):
    album = Album()
    for files, repeats in (("ab", []), ("abc", ["a", "b"]), ("c", ["c"]), ("d", [])):
        taken = [((files, name), name, lambda name=name: photo(20 * ord(name) % 251)) for name in files]
        while album.take(taken, detector, seconds=0):
            pass
        album.take(taken, detector, seconds=0)  # as each later run of the page
        assert album.repeats == repeats
    album.add("a", photo(20 * ord("a") % 251), detector)
    album.remove(next(iter(album.photos)))
    assert album.repeats == []


def test_files_that_two_take_at_once_are_counted_once(detector):
    album = Album()
    files = [(i, f"{i}.jpg", lambda i=i: photo(i * 20)) for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        left = list(pool.map(lambda _: album.take(files, detector, seconds=9), range(4)))
    assert left == [0] * 4 and len(album) == len(detector.calls) == 8 and album.repeats == []


def test_facings_get_the_brands_of_a_gallery_and_looks(detector):
    embedder = ColorEmbedder()
    album = Album()
    album.add("a.jpg", encode_jpeg(np.full((600, 800, 3), (250, 20, 20), np.uint8)), detector, embedder)
    album.add("b.jpg", photo(120), detector, embedder)
    album.add("c.jpg", photo(200), detector)  # without an embedder
    naming = album.named(0.4, embedder, color_gallery(embedder), by_look=True)
    assert [d.brand_ids.tolist() for d in naming.detections] == [[0, 0], [2, 2], [-1, -1]]
    assert naming.brands == ("Rot", "Blau", "look A")
    shares = album.shares(0.4, detector.labels, naming)
    assert dict(zip(shares["name"], shares["facings"], strict=True)) == {"Rot": 2, "look A": 2, "unknown": 2}


@pytest.mark.parametrize("least, named", [(0.6, 2), (0.2, 2), (0.1, 3)])
def test_facings_too_doubtful_to_count_are_not_embedded_and_stay_unknown(detector, least, named):
    embedder, detector.least = ColorEmbedder(), least
    album = Album()
    album.add("a.jpg", photo(10), detector, embedder)
    (shown,) = album.photos.values()
    assert [bool(row.any()) for row in shown.embeddings] == [i < named for i in range(3)]
    ids = album.named(0.05, embedder, by_look=True).detections[0].brand_ids
    assert (ids >= 0).tolist() == [i < named for i in range(3)]


def test_a_facing_is_cut_out_of_the_preview(detector):
    image = np.zeros((2000, 2600, 3), np.uint8)
    image[200:400, 100:300] = (250, 20, 20)
    album = Album()
    album.add("a.jpg", encode_jpeg(image), detector)
    (shown,) = album.photos.values()
    assert decode_jpeg(shown.cutouts([0])[0])[5:-5, 5:-5].mean((0, 1)) == pytest.approx([250, 20, 20], abs=12)


def test_a_removed_photo_is_off_the_list_and_can_come_back(detector):
    album = Album()
    for shade in (10, 20):
        album.add(f"{shade}.jpg", photo(shade), detector)
    key = next(iter(album.photos))
    album.remove(key)
    assert [p.name for p in album.photos.values()] == ["20.jpg"]
    assert album.original(key) == photo(10)  # an audit that was begun with it can still be saved
    album.add("10.jpg", photo(10), detector)
    assert [p.name for p in album.photos.values()] == ["20.jpg", "10.jpg"] and not album.repeats


def test_a_copy_changes_by_itself(detector):
    album = Album()
    album.add("a.jpg", photo(10), detector)
    other = album.copy()
    other.add("b.jpg", photo(20), detector)
    other.remove(next(iter(album.photos)))
    assert [[p.name for p in a.photos.values()] for a in (album, other)] == [["a.jpg"], ["b.jpg"]]
    del album
    assert other.original(next(iter(other.photos))) == photo(20)

from datetime import datetime, timezone

import numpy as np
import pytest

from skushare.audits import store
from skushare.audits.batch import Finder, open_batch, run_batch
from skushare.audits.listing import count_audits
from skushare.brands.library import gallery_of
from skushare.detections import Detections
from skushare.errors import AuditError, ImageError
from skushare.jpeg import encode_jpeg
from tests.brands.conftest import COLORS, ColorEmbedder, color_gallery

pytestmark = pytest.mark.usefixtures("database")


class Detector:
    """Finds two facings of the first label and one of the second in every photo."""

    name, digest, labels = "stub", "d" * 64, ("can", "jar")

    def __init__(self):
        self.calls = 0

    def threshold(self, mode):
        return 0.4

    def doubtful_score(self, mode):
        return 0.15

    def detect(self, image, mode, min_score):
        self.calls += 1
        boxes = np.float32([[0, 0, 10, 30], [12, 0, 22, 30], [24, 0, 34, 30]])
        return Detections(boxes, np.full(3, 0.9), [0, 0, 1]).above(min_score)


def files(*shades):
    pictures = {f"{shade}.jpg": encode_jpeg(np.full((40, 60, 3), shade, np.uint8)) for shade in shades}
    return [(name, lambda data=data: data) for name, data in pictures.items()]


@pytest.fixture
def finder():
    return Finder(Detector())


def test_a_batch_is_one_audit_of_all_photos(finder):
    number = open_batch(finder, {"store": "North", "note": "x"}, 2, ["a"])
    assert count_audits() == 0 and store.unfinished_audits()[0]["planned"] == 2
    assert [taken.facings for taken in run_batch(number, files(40, 50), finder)] == [3, 3]
    audit = store.open_audit(number)
    assert count_audits() == 1 and store.unfinished_audits() == []
    assert [photo.name for photo in audit.photos] == ["40.jpg", "50.jpg"]
    assert (audit.store, audit.model, audit.model_digest) == ("North", "stub", "d" * 64)
    assert audit.thresholds == {"mode": "photo", "score": 0.4}
    assert dict(zip(audit.shares()["name"], audit.shares()["facings"], strict=True)) == {"can": 4, "jar": 2}
    assert audit.photos[0].detections.row_ids.tolist() == [0, 0, 0]


def test_what_is_too_doubtful_to_count_fills_a_gap_and_is_kept_for_it(finder, monkeypatch):
    boxes = np.float32([[0, 0, 10, 30], [12, 0, 22, 30], [24, 0, 34, 30]])

    def saved(score):
        found = Detections(boxes, [0.9, score, 0.9], [0, 0, 0])
        monkeypatch.setattr(finder.detector, "detect", lambda image, mode, min_score: found.above(min_score))
        number = open_batch(finder, {"store": str(score)}, 1, ["a"])
        assert [taken.facings for taken in run_batch(number, files(40), finder)] == [2]
        return store.open_audit(number)

    filled, empty = saved(0.2), saved(0.1)
    assert filled.photos[0].doubtful.tolist() == boxes[1:2].tolist()
    assert [len(audit.gaps()[0].boxes) for audit in (filled, empty)] == [0, 1]
    assert len(empty.photos[0].doubtful) == 0


def test_a_batch_that_was_stopped_goes_on_and_looks_at_no_photo_twice(finder):
    number = open_batch(finder, {"store": "North"}, 3, ["a"])
    work = run_batch(number, files(40, 50, 60), finder)
    next(work), next(work)
    work.close()
    assert count_audits() == 0 and store.unfinished_audits()[0]["photos"] == 2

    again = Finder(Detector())
    assert open_batch(again, {"store": "North"}, 3, ["a"]) == number
    taken = list(run_batch(number, files(40, 50, 60), again))
    assert [each.known for each in taken] == [True, True, False] and again.detector.calls == 1
    assert len(store.open_audit(number).photos) == 3


@pytest.mark.parametrize(
    "words, source, options",
    [
        ({"store": "South"}, ["a"], {}),
        ({"store": "North", "note": "x"}, ["a"], {}),
        ({"store": "North"}, ["b"], {}),
        ({"store": "North"}, ["a"], {"min_score": 0.5}),
        ({"store": "North"}, ["a"], {"mode": "live"}),
    ],
)
def test_what_was_asked_for_otherwise_is_another_audit(finder, words, source, options):
    number = open_batch(finder, {"store": "North"}, 1, ["a"])
    assert open_batch(Finder(Detector(), **options), words, 1, source) != number


@pytest.mark.parametrize(
    "time, goes_on",
    [
        (None, True),
        (datetime(2026, 3, 2, 14, 30, 0, 5), True),
        (datetime(2026, 3, 2, 14, 30).astimezone(timezone.utc), True),
        (datetime(2026, 4, 20, 10), False),
    ],
)
def test_a_batch_goes_on_at_the_time_that_was_asked_for(finder, time, goes_on):
    number = open_batch(finder, {}, 1, ["a"], datetime(2026, 3, 2, 14, 30))
    again = open_batch(finder, {"time": datetime(2026, 5, 1)}, 1, ["a"], time)
    assert (again == number) == goes_on
    list(run_batch(again, files(40), finder))
    assert store.open_audit(again).time.month == (3 if goes_on else 4)


@pytest.mark.parametrize(
    "shades, goes_on",
    [((40, 50, 60), True), ((60, 40), True), ((50, 60), False), ((), False)],  # 40 is in the audit
)
def test_a_batch_does_not_go_on_with_photos_that_were_replaced(finder, shades, goes_on):
    number = open_batch(finder, {}, 3, ["a"])
    next(run_batch(number, files(40, 50, 60), finder))

    def gone():
        raise ImageError("gone.jpg: cannot be read")

    again = open_batch(finder, {}, 3, ["a"], files=[("gone.jpg", gone), *files(*shades)])
    assert (again == number) == goes_on


def test_the_same_request_after_the_end_is_another_audit(finder):
    number = open_batch(finder, {}, 1, ["a"])
    list(run_batch(number, files(40), finder))
    assert open_batch(finder, {}, 1, ["a"]) != number


def test_copies_count_once_and_what_is_no_photo_is_told(finder):
    photo, _ = files(40, 50)
    number = open_batch(finder, {}, 3, ["a"])
    taken = list(run_batch(number, [photo, ("copy.jpg", photo[1]), ("bad.jpg", lambda: b"text")], finder))
    assert [each.known for each in taken] == [False, True, False]
    assert "bad.jpg" in str(taken[2].error)
    assert [photo.name for photo in store.open_audit(number).photos] == ["40.jpg"]


def test_a_batch_without_a_photo_leaves_nothing(finder):
    number = open_batch(finder, {}, 1, ["a"])
    with pytest.raises(AuditError, match="no photo could be read"):
        list(run_batch(number, [("bad.jpg", lambda: b"")], finder))
    assert store.unfinished_audits() == []


def test_a_gallery_tells_the_brands_and_is_recorded():
    photo = np.zeros((40, 60, 3), np.uint8)
    for left, color in ((0, "red"), (12, (90, 90, 90)), (24, "blue")):
        photo[:, left : left + 12] = COLORS.get(color, color)
    gallery = color_gallery(ColorEmbedder())
    finder = Finder(Detector(), gallery=gallery, embedder=ColorEmbedder())
    number = open_batch(finder, {}, 1, ["a"])
    list(run_batch(number, [("a.jpg", lambda: encode_jpeg(photo))], finder))
    audit = store.open_audit(number)
    assert (audit.gallery, audit.thresholds["brand"]) == ("shelf", 0.5)
    assert gallery_of(audit.gallery_digest).digest == gallery.digest
    assert audit.table()["brand"].tolist() == ["Rot", "unknown", "Blau"]

"""One visitor's live session: the newest frame, its course, snapshots, failures."""

import threading

import numpy as np
import pytest

from skushare.brands.frames import A_FRAME, FEWEST, LOOKS_EVERY
from skushare.brands.gallery import Gallery, Sku
from skushare.detections import Detections
from skushare.errors import ModelError, SweepError
from skushare.jpeg import decode_jpeg
from skushare.live.course import PAUSE
from skushare.live.pace import WINDOW
from skushare.live.session import MAX_SNAPSHOTS, LiveSession
from skushare.shelf.tracking import ShelfTracker
from tests.brands.conftest import COLORS, ColorEmbedder, color_gallery

FRAME = np.full((48, 64, 3), 200, np.uint8)


class Detector:
    """Finds as many boxes as it is told; each call takes ``seconds`` of its clock."""

    labels = ("facing",)
    live_sizes = (640, 416)
    facing_size = 44.0

    def __init__(self, count=3, seconds=0.02):
        self.count, self.seconds, self.now, self.error = count, seconds, 100.0, None
        self.asked = []

    def threshold(self, mode):
        return {"live": 0.4}[mode]

    def clock(self):
        return self.now

    def detect(self, image, mode="photo", min_score=None, max_detections=None, size=None):
        self.asked.append((mode, min_score, size))
        self.now += self.seconds
        if self.error:
            raise self.error
        boxes = np.tile(np.float32([4, 4, 20, 30]), (self.count, 1))
        return Detections(boxes, np.full(self.count, 0.9), np.zeros(self.count))


@pytest.fixture
def detector():
    return Detector()


@pytest.fixture
def session(detector):
    return LiveSession(detector, clock=detector.clock)


def test_before_the_first_frame_there_is_nothing_to_read(session):
    reading = session.reading()
    assert (reading.facings, reading.latency_ms, reading.age, reading.error) == (None, None, None, None)
    assert len(session.history()) == 0 and len(reading.detections) == 0
    assert session.take_snapshot() is None and session.snapshots() == []


def test_frames_are_drawn_on_a_copy_and_counted(session, detector):
    frame = FRAME.copy()
    drawn = session.process(frame)
    assert np.array_equal(frame, FRAME) and not np.array_equal(drawn, FRAME)
    detector.now += 1.5
    reading = session.reading()
    assert reading.facings == 3 and len(reading.detections) == 3
    assert reading.latency_ms == pytest.approx(20)
    assert reading.age == pytest.approx(1.5)


def test_the_visitors_threshold_and_size_go_to_the_detector(session, detector):
    session.process(FRAME)
    session.min_score = 0.7
    session.look_at((416,))
    session.process(FRAME)
    assert detector.asked == [("live", 0.4, 640), ("live", 0.7, 416)]


@pytest.mark.parametrize("asked, least", [((640, 416), 416), ((640,), 640)])
def test_frames_that_take_long_are_looked_at_in_less_detail_where_that_is_allowed(
    session, detector, asked, least
):
    embedder = ColorEmbedder()
    session.name_by(color_gallery(embedder), embedder)
    detector.seconds = 0.2
    for _ in range(4 * WINDOW):
        session.look_at(asked)  # again and again, as the page does
        session.process(FRAME)
    assert session.size == least and session.namer.a_frame == FEWEST
    session.process(FRAME, live=False)  # no camera waits
    assert session.namer.a_frame == A_FRAME


def test_where_facings_are_large_frames_are_looked_at_smaller(session, detector):
    detector.count = 8
    session.process(FRAME)
    assert session.size == 416


def test_a_long_pause_begins_a_new_course_and_keeps_the_snapshots(session, detector):
    session.process(FRAME)
    session.take_snapshot()
    detector.now += PAUSE
    session.process(FRAME)
    assert len(session.history()) == 1
    assert len(session.snapshots()) == 1


@pytest.mark.parametrize(
    "error, text",
    [
        (ModelError("models/default: model.tflite is damaged; download it again"), "models/default"),
        (RuntimeError("secret detail"), "RuntimeError"),
    ],
)
def test_a_failing_detector_becomes_text_and_the_picture_goes_on(session, detector, error, text):
    session.process(FRAME)
    detector.error = error
    assert session.process(FRAME) is FRAME
    assert text in session.reading().error and "secret detail" not in session.reading().error
    detector.error = None
    session.process(FRAME)
    assert session.reading().error is None


def test_a_snapshot_keeps_the_frame_with_its_own_count(session, detector):
    detector.count = 7
    session.process(FRAME)
    snapshot = session.take_snapshot()
    assert snapshot.facings == 7 and "7-facings" in snapshot.file_name
    assert decode_jpeg(snapshot.jpeg).shape == FRAME.shape
    assert session.snapshots() == [snapshot]


def test_snapshots_are_bounded_and_newest_first(session, detector):
    for detector.count in range(MAX_SNAPSHOTS + 5):
        session.process(FRAME)
        session.take_snapshot()
    kept = [snapshot.facings for snapshot in session.snapshots()]
    assert kept == list(range(MAX_SNAPSHOTS + 4, 4, -1))


def test_a_facing_in_many_frames_counts_once_until_counted_anew(session, detector):
    frame = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    detector.count = 1
    for _ in range(6):
        session.process(frame)
    assert session.reading().unique == 1 and len(session.unique_facings()) == 1
    assert session.reading().detections.track_ids.tolist() == session.unique_facings().track_ids.tolist()
    session.recount()
    assert session.reading().unique == 0 and len(session.unique_facings()) == 0
    session.process(frame)
    assert session.reading().facings == 1


def test_a_dropped_count_can_be_taken_back_until_counting_begins_anew_again(session, detector):
    frame, embedder = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8), ColorEmbedder()
    for _ in range(6):
        session.process(frame)
    session.video = "shelf.mp4", 0.5, ""
    first = session.recount()
    assert (first.facings, session.take_back(first).facings, session.reading().unique) == (3, 0, 3)
    assert session.video == ("shelf.mp4", 0.5, "") and session.take_back(first) is None
    again = session.recount()
    session.recount()
    assert session.take_back(again) is None and session.reading().unique == 0
    for _ in range(6):
        session.process(frame)
    last = session.recount(again)  # which is gone
    session.process(frame)
    last = session.recount(last)  # of nothing counted since
    assert (last.facings, session.take_back(last).facings, session.reading().unique) == (3, 0, 3)
    last = session.recount(last)
    last = session.name_by(color_gallery(embedder), embedder, last=last)
    assert session.take_back(last).facings == 0
    assert session.gallery is None and session.reading().unique == 3
    last = session.recount()
    session.name_by(color_gallery(embedder), embedder)
    assert not session.can_take_back(last)


def test_a_count_that_other_brands_ended_can_be_taken_back_with_its_own(session, detector, monkeypatch):
    embedder, (image, found) = ColorEmbedder(), shelf("red", "blue", "red")
    monkeypatch.setattr(detector, "detect", lambda *args, **options: found)
    session.name_by(color_gallery(embedder), embedder)
    for _ in range(6):
        session.process(image)
    namer, counted = session.namer, named(session, session.unique_facings())
    dropped = session.name_by(None, embedder, by_look=True)
    assert dropped.facings == 3 and session.reading().detections.brand_ids is None
    session.take_back(dropped)
    assert session.namer is namer and named(session, session.unique_facings()) == counted
    assert set(session.reading().detections.brand_ids.tolist()) == {-1}  # of the newest frame, until the next


@pytest.mark.parametrize(
    "by_look, change, brands",
    [
        (True, lambda known, more: known.with_examples(*more), ["Rot", "Grün"]),
        (False, lambda known, more: known.with_sku("a", color="#ff0000", own=True), ["Rot", "Grün"]),
        (False, lambda known, more: known.with_brand("Rot", brand="Oats"), ["Oats", "Grün"]),
        (True, lambda known, more: known.with_examples(*more).without("a"), [None, "Grün"]),
    ],
    ids=["taught", "coloured", "renamed", "removed"],
)
def test_another_version_of_the_gallery_goes_on_with_the_count(
    session, detector, monkeypatch, by_look, change, brands
):
    embedder, (image, found) = ColorEmbedder(), shelf("red", "green", "blue", "blue")
    monkeypatch.setattr(detector, "detect", lambda *args, **options: found)
    known = color_gallery(embedder).with_sku("b", brand="Grün").without("c")
    session.name_by(known, embedder, by_look)
    for _ in range(3 * LOOKS_EVERY if by_look else 4):
        session.process(image)
    blue = 2 * (["look A"] if by_look else [None])
    assert named(session, session.unique_facings()) == ["Rot", "Grün", *blue]
    vectors = np.eye(3, dtype=np.float32)[:1]
    more = Sku("d", "yellow", "Gelb"), vectors, [b"jpeg"], embedder
    assert session.name_by(change(known, more), embedder, by_look) is None
    for seen in (session.unique_facings(), session.reading().detections):
        assert named(session, seen) == brands + blue


def test_what_was_counted_of_a_product_is_of_the_brand_that_it_is_moved_to(session, detector, monkeypatch):
    embedder, (image, found) = ColorEmbedder(), shelf("red", "green")
    monkeypatch.setattr(detector, "detect", lambda *args, **options: found)
    known = color_gallery(embedder)
    session.name_by(known, embedder)
    for _ in range(4):
        session.process(image)
    session.name_by(known.with_sku("b", brand="Blau"), embedder)
    for seen in (session.unique_facings(), session.reading().detections):
        assert named(session, seen) == ["Rot", "Blau"]


def test_a_look_is_taught_to_a_gallery_that_somebody_else_changed(session, detector, monkeypatch):
    embedder, (image, found) = ColorEmbedder(), shelf("red", "blue", "red", "blue", "green")
    monkeypatch.setattr(detector, "detect", lambda *args, **options: found)
    known = color_gallery(embedder).with_sku("b", brand="Grün").without("a").without("c")
    session.name_by(known, embedder, by_look=True)
    for _ in range(3 * LOOKS_EVERY):
        session.process(image)
    changed = teach(session, embedder, known.with_sku("b", own=True, color="#00ff00"), "look B", "Ink")
    session.go_on_with(teach(session, embedder, changed, "look A", "Oats"), "look A", "Oats")
    expected = ["Oats", "look B", "Oats", "look B", "Grün"]
    for seen in (session.unique_facings(), session.reading().detections):
        assert named(session, seen) == expected


def test_sessions_that_share_a_detector_do_not_mix(detector):
    first, second = LiveSession(detector, detector.clock), LiveSession(detector, detector.clock)
    detector.count = 5
    first.process(FRAME)
    first.take_snapshot()
    assert second.reading().facings is None and second.snapshots() == []


def test_reading_while_frames_arrive_is_safe():
    session = LiveSession(Detector(seconds=0))
    failures = []

    def read():
        try:
            for _ in range(200):
                session.reading(), session.history(), session.take_snapshot(), session.snapshots()
                session.unique_facings(), session.recount()
        except Exception as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in readers:
        thread.start()
    for _ in range(200):
        session.process(FRAME)
    for thread in readers:
        thread.join()
    assert failures == []


def test_a_gallery_names_the_brands_and_another_one_counts_anew(session):
    embedder = ColorEmbedder()
    known = color_gallery(embedder)
    session.name_by(known, embedder)
    red = np.full((120, 160, 3), (250, 20, 20), np.uint8)
    session.process(red)
    found = session.reading().detections
    assert len(found) and set(found.brand_ids.tolist()) == {0} and session.gallery.brands[0] == "Rot"
    namer = session.namer
    for _ in range(2):
        session.process(red)
    counted, begun = session.reading().unique, session.begun
    assert session.name_by(known.without_examples([]), embedder) is None  # the same content
    assert session.namer is namer and (session.reading().unique, session.begun) == (counted, begun)
    assert session.name_by(None, embedder, by_look=True).facings == counted
    assert session.begun == begun + 1
    session.process(red)
    assert session.gallery is None and session.reading().detections.brand_ids is None


@pytest.mark.parametrize("between_frames", [True, False])
def test_the_newest_frame_has_no_brands_of_a_gallery_that_was_chosen_before(
    session, monkeypatch, between_frames
):
    embedder, red = ColorEmbedder(), np.full((48, 64, 3), COLORS["red"], np.uint8)
    session.name_by(color_gallery(embedder), embedder)
    brand_map = Gallery("map", [Sku("a", "tea", "Tea"), Sku("b", "ink", "Ink")])
    for other in (brand_map, color_gallery(embedder), None):
        if between_frames:
            session.process(red)
            session.name_by(other, embedder)
        else:  # while the frame is drawn
            session._newest = None
            monkeypatch.setattr(
                session, "_draw", lambda image, *_, other=other: session.name_by(other, embedder)
            )
            session.process(red)
        for found in (session.newest()[1], session.reading().detections):
            assert len(found) == 3 and found.brand_scores is None
            if other is None:
                assert found.brand_ids is None and found.sku_ids is None
            else:
                assert set(found.brand_ids.tolist()) == set(found.sku_ids.tolist()) == {-1}
    monkeypatch.undo()
    assert session.take_snapshot().facings == 3


def test_without_a_gallery_facings_are_grouped_by_look(session):
    session.name_by(None, ColorEmbedder(), by_look=True)
    red = np.full((120, 160, 3), (250, 20, 20), np.uint8)
    for _ in range(2 * LOOKS_EVERY):
        drawn = session.process(red)
    assert session.gallery is None and session.brands == ("look A",)
    assert set(session.reading().detections.brand_ids.tolist()) == {0}
    assert not np.array_equal(drawn, red)
    session.colors(["look A"])
    blue = np.full((120, 160, 3), (20, 20, 250), np.uint8)
    for _ in range(2 * LOOKS_EVERY):  # a look that the chart has not shown yet
        session.process(blue)
    assert session.brands == ("look A", "look B") and session.reading().error is None
    session.name_by(None, ColorEmbedder(), by_look=True)  # as each rerun of the page does: nothing changes
    assert session.brands == ("look A", "look B")


@pytest.mark.parametrize("by_look", [False, True])
def test_a_brand_map_names_the_brands_by_the_labels(session, by_look):
    session.name_by(Gallery("map", [Sku("a", "facing", "Oats", own=True)]), None, by_look)
    session.process(FRAME)
    assert named(session, session.reading().detections) == ["Oats"] * 3 and session.looks == ()
    session.name_by(None, None)  # the labels alone
    session.process(FRAME)
    assert (session.gallery, session.brands) == (None, ())
    assert session.reading().detections.brand_ids is None and session.examples("look A") == ((), [])
    tracker = session._tracker
    session.name_by(None, None)  # again, as each rerun of the page does: the count goes on
    assert session._tracker is tracker


def shelf(*colors):
    """A textured picture with a wide facing of each colour, and the detections of it."""
    image = np.random.default_rng(0).integers(0, 60, (240, 320, 3), np.uint8)
    left = 10 + 60.0 * np.arange(len(colors))
    for start, color in zip(left.astype(int), colors, strict=True):
        image[40:200, start : start + 50] //= 3
        image[40:200, start : start + 50] += np.uint8(COLORS[color]) // 4 * 3
    boxes = np.stack([left, 0 * left + 40, left + 50, 0 * left + 200], 1)
    return image, Detections(boxes, np.full(len(colors), 0.9), np.zeros(len(colors)))


def teach(session, embedder, gallery, look, brand):
    vectors, pictures = session.examples(look)
    sku = gallery.find(brand, brand) or Sku(gallery.new_id(), brand, brand)
    return gallery.with_examples(sku, vectors, pictures, embedder)


def named(session, found):
    return [session.brands[i] if i >= 0 else None for i in found.brand_ids.tolist()]


@pytest.mark.parametrize("known", [False, True])
def test_a_look_that_is_taught_is_a_brand_at_once_and_the_count_goes_on(
    session, detector, monkeypatch, known
):
    embedder, (image, found) = ColorEmbedder(), shelf("red", "blue", "red", "blue", "red")
    monkeypatch.setattr(detector, "detect", lambda *args, **options: found)
    before = color_gallery(embedder).without("a").without("c") if known else None  # green alone
    session.name_by(before, embedder, by_look=True)
    for _ in range(3 * LOOKS_EVERY):  # at first, all are unknown
        session.process(image)
    assert named(session, session.unique_facings()) == ["look A", "look B", "look A", "look B", "look A"]
    gallery = teach(session, embedder, before or Gallery("new"), "look A", "Oats")
    session.go_on_with(gallery, "look A", "Oats")
    expected = ["Oats", "look B", "Oats", "look B", "Oats"]
    assert (
        named(session, session.unique_facings()) == named(session, session.reading().detections) == expected
    )
    session.name_by(gallery, embedder, by_look=True)  # as the page's next run does
    session.process(image)
    assert (
        named(session, session.unique_facings()) == named(session, session.reading().detections) == expected
    )
    assert [(look.name, look.brand) for look in session.looks] == [("look A", "Oats"), ("look B", "")]
    assert all(max(decode_jpeg(look.picture).shape) <= 160 for look in session.looks)
    gallery = teach(session, embedder, gallery, "look B", "Oats")  # a second look of one brand
    session.go_on_with(gallery, "look B", "Oats")
    assert set(named(session, session.unique_facings())) == {"Oats"} and session.gallery is gallery


def test_a_look_taught_to_another_gallery_counts_anew(session, detector, monkeypatch):
    embedder, (image, found) = ColorEmbedder(), shelf("red", "blue", "red")
    monkeypatch.setattr(detector, "detect", lambda *args, **options: found)
    session.name_by(color_gallery(embedder).without("a"), embedder, by_look=True)
    for _ in range(2 * LOOKS_EVERY):
        session.process(image)
    dropped = session.go_on_with(teach(session, embedder, Gallery("new"), "look A", "Oats"), "look A", "Oats")
    assert session.brands == ("Oats",) and session.reading().unique == 0
    dropped = session.go_on_with(Gallery("other"), "look A", "Oats", dropped)  # before anything is counted
    session.take_back(dropped)
    assert session.by_look and session.reading().unique == dropped.facings == 3


def test_a_way_too_long_is_told_until_counting_begins_anew(session, monkeypatch):
    def update(*_):
        raise SweepError("too long")

    with monkeypatch.context() as full:
        full.setattr(ShelfTracker, "update", update)
        session.process(FRAME)
    assert session.reading().error == "too long"
    session.recount()
    assert session.reading().error is None


@pytest.mark.parametrize("by_look", [False, True])
def test_a_copy_goes_on_by_itself(session, detector, monkeypatch, by_look):
    embedder, (image, found) = ColorEmbedder(), shelf("red", "blue", "red")
    seen = [found]
    monkeypatch.setattr(detector, "detect", lambda *args, **options: seen[-1])
    session.name_by(color_gallery(embedder), embedder, by_look)
    for _ in range(4):
        session.process(image)
    session.take_snapshot()
    other = session.copy()
    assert other.detector is detector and other.gallery is session.gallery
    assert named(other, other.unique_facings()) == named(session, session.unique_facings())
    assert other.snapshots() == session.snapshots() and other.reading().unique == 3
    assert len(other.sweep()) == len(session.sweep())
    other.recount()
    other.take_snapshot()
    assert (session.reading().unique, len(session.snapshots())) == (3, 1)
    image, found = shelf("red", "blue", "red", "blue")
    seen.append(found)
    for _ in range(4):
        session.process(image)
    assert session.reading().unique == 4 and other.reading().unique == 0 and len(other.newest()[1]) == 3


def test_a_session_is_copied_while_its_chart_gets_a_further_colour(session):
    class Brand(str):
        def __deepcopy__(self, memo):
            session.colors(["newest"])  # as the page of the session does meanwhile
            return self

    session.colors([Brand("A"), "B"])
    assert "newest" not in session.copy().colors([]) and "newest" in session.colors([])

import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from skushare.dataset import faults
from skushare.dataset.dataset import Dataset, Sample
from skushare.dataset.health import CHECKS, check, fix
from skushare.errors import ConfigError
from skushare.geometry import iou
from skushare.images import read_image

SIZE = (200, 100)
BOX = [10, 10, 40, 50]


@pytest.fixture
def make(tmp_path):
    """A dataset of noise pictures of 200 x 100 pixels; ``make(("a.jpg", boxes, split), ...)``."""

    def sample(number, name, boxes=(BOX,), split="", size=SIZE, class_ids=None, scores=None):
        path = tmp_path / name
        if not path.exists():
            noise = np.random.default_rng(number).integers(0, 255, (7, 11, 3), np.uint8)
            cv2.imwrite(str(path), cv2.resize(noise, SIZE, interpolation=cv2.INTER_CUBIC))
        return Sample(path, *size, boxes, class_ids, scores, split)

    def dataset(*rows, labels=("sku",)):
        samples = [
            sample(number, **row) if isinstance(row, dict) else sample(number, *row)
            for number, row in enumerate(rows)
        ]
        return Dataset("shop", tuple(samples), labels)

    return dataset


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))


def found(dataset):
    """Of each kind the places: file name, number of the box (-1: the picture) and detail."""
    return {
        finding.kind: [
            (Path(row.file).name, -1 if pd.isna(row.box) else int(row.box), row.detail)
            for row in finding.places.itertuples()
        ]
        for finding in check(dataset)
    }


def test_a_picture_whose_name_is_no_text_is_checked_and_told(make, tmp_path):
    dataset = make(("a.jpg", [[10, 10, 300, 50]]), ("b.jpg", [BOX]))
    paths = [tmp_path / os.fsdecode(name) for name in (b"a\xff.jpg", b"b\xff.jpg")]
    samples = [replace(s, path=s.path.rename(path)) for s, path in zip(dataset.samples, paths, strict=True)]
    dataset = replace(dataset, samples=tuple(samples))
    paths[1].write_bytes(b"damaged")
    for _ in range(2):  # the second time from what is remembered
        places = found(dataset)
        assert [place[0] for kind in ("outside", "damaged") for place in places[kind]] == ["a�.jpg", "b�.jpg"]


def test_a_sound_dataset_has_no_findings_and_no_fixes(make):
    dataset = make(("a.jpg", [BOX, [60, 10, 90, 50]], "train"), ("b.jpg", [BOX], "val"))
    assert check(dataset) == [] and fix(dataset, CHECKS).samples == dataset.samples
    assert fix(dataset, CHECKS).provenance == {}
    assert check(Dataset("none", (), ())) == [] and len(fix(Dataset("none", (), ()), CHECKS)) == 0


def test_damaged_and_missing_pictures_are_named_and_taken_out(make, tmp_path):
    dataset = make(("a.jpg",), ("b.jpg",), ("c.jpg",))
    (tmp_path / "b.jpg").write_bytes((tmp_path / "b.jpg").read_bytes()[:900] + b"\xff\xd9")
    (tmp_path / "c.jpg").unlink()
    places = found(dataset)["damaged"]
    assert [name for name, *_ in places] == ["b.jpg", "c.jpg"] and "no such file" in places[1][2]
    fixed = fix(dataset, ["damaged"])
    assert [s.path.name for s in fixed.samples] == ["a.jpg"] and check(fixed) == []
    assert fixed.provenance == {"fixed": ["damaged: 2"]}


@pytest.mark.parametrize(
    ("size", "boxes", "expected"),
    [
        ((400, 200), [[20, 20, 80, 100]], [[10, 10, 40, 50]]),  # labelled on a larger copy
        ((100, 50), [[5, 5, 20, 25]], [[10, 10, 40, 50]]),
        ((100, 200), [[10, 10, 40, 50]], [[10, 10, 40, 50]]),  # the size alone is swapped
        ((100, 200), [[10, 10, 40, 150]], None),  # boxes of another picture
        ((100, 200), [[-30, 10, 40, 50]], None),
        ((123, 456), [[10, 10, 40, 50]], None),
        ((200, 50), [[10, 10, 40, 50]], None),
        ((200, 99), [[10, 9.9, 40, 49.5]], [[10, 10, 40, 50]]),  # one side alone
        ((201, 100), [[10.05, 10, 40.2, 50]], [[10, 10, 40, 50]]),
        ((0, 0), [[10, 10, 40, 50]], [[10, 10, 40, 50]]),  # not known
    ],
)
def test_wrong_sizes_are_put_right_where_it_is_no_guess(make, size, boxes, expected):
    dataset = make({"name": "a.jpg", "boxes": boxes, "size": size}, ("b.jpg",))
    (place,) = found(dataset)["size"]
    assert place == ("a.jpg", -1, f"labelled {size[0]} x {size[1]}, is 200 x 100")
    fixed = fix(dataset, ["size"])
    assert "size" not in found(fixed) and len(fixed) == (1 if expected is None else 2)
    if expected:
        np.testing.assert_allclose(fixed.samples[0].boxes, expected)
        assert (fixed.samples[0].width, fixed.samples[0].height) == SIZE


def test_boxes_on_a_picture_of_unknown_size_are_neither_outside_nor_tiny(make):
    assert list(found(make({"name": "a.jpg", "size": (0, 0)}))) == ["size"]


@pytest.mark.parametrize("height", [120, 238])  # the latter is nearly square
@pytest.mark.parametrize(
    ("orientation", "name", "mode"),
    [
        *((orientation, "a.jpg", "RGB") for orientation in (5, 6, 7, 8)),
        (6, "a.jpg", "CMYK"),
        *((6, f"a.{kind}", "RGB") for kind in ("png", "webp", "tif", "avif")),
    ],
)
def test_boxes_drawn_on_a_picture_lying_on_its_side_are_turned_with_it(
    tmp_path, orientation, name, mode, height
):
    pixels = np.zeros((height, 240, 3), np.uint8)
    pixels[20:50, 30:110] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).convert(mode).save(tmp_path / name, exif=exif, quality=95)
    lying = Sample(tmp_path / name, 240, height, [[30, 20, 110, 50]])
    (fixed,) = fix(Dataset("phone", (lying,), ("sku",)), ["size"]).samples
    upright = read_image(tmp_path / name)
    assert upright.shape == (fixed.height, fixed.width, 3) == (240, height, 3)
    ys, xs = np.nonzero(upright[..., 0] > 128)
    np.testing.assert_allclose(fixed.boxes, [[xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]], atol=1)


def test_boxes_that_only_fit_on_the_picture_as_it_stands_are_not_turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "a.png", exif=exif)  # upright 20 x 40
    box = [[5, 25, 15, 38]]
    lying = Sample(tmp_path / "a.png", 40, 20, box)
    (fixed,) = fix(Dataset("phone", (lying,), ("sku",)), ["size"]).samples
    assert (fixed.width, fixed.height, fixed.boxes.tolist()) == (20, 40, box)


@pytest.mark.parametrize(
    ("kind", "boxes", "bad", "expected"),
    [
        ("inverted", [BOX, [40, 50, 10, 10], [40, 10, 10, 50]], [1, 2], [BOX, BOX, BOX]),
        ("inverted", [[10, 10, 10, 50]], [], None),  # without area
        ("outside", [BOX, [-20, 10, 40, 50]], [1], [BOX, [0, 10, 40, 50]]),
        ("outside", [[-20, 10, 40, 50], [60, 10, 60, 50]], [0], [[0, 10, 40, 50], [60, 10, 60, 50]]),
        ("outside", [[150, 60, 250, 140]], [0], [[150, 60, 200, 100]]),
        ("outside", [[300, 10, 400, 50], BOX, [10, -60, 40, -20]], [0, 2], [BOX]),  # wholly
        ("outside", [[-0.5, 10, 40, 50], [160, 10, 200.9, 100.4]], [], None),  # rounding
        ("tiny", [BOX, [10, 10, 10.3, 50], [5, 5, 5, 5], [60, 10, 62, 12]], [1, 2], [BOX, [60, 10, 62, 12]]),
        ("duplicates", [BOX, [10, 10, 40, 50]], [1], [BOX]),
        ("duplicates", [BOX, [11, 11, 41, 51]], [1], [BOX]),
        ("duplicates", [[80, 9, 90, 30], BOX, [10, 10, 41, 50], BOX], [2, 3], [[80, 9, 90, 30], BOX]),
        ("duplicates", [BOX, [18, 10, 48, 50], [10, 55, 40, 95]], [], None),  # neighbours that overlap
        ("duplicates", [[5, 5, 5, 5], [5, 5, 5, 5]], [], None),  # no area, nothing shared
        ("duplicates", [BOX] * 300, list(range(1, 300)), [BOX]),
    ],
)
def test_wrong_boxes_are_pointed_at_and_put_right(make, kind, boxes, bad, expected):
    dataset = make(("z.jpg", [[120, 20, 150, 70]]), ("a.jpg", boxes))
    assert [place[:2] for place in found(dataset).get(kind, [])] == [("a.jpg", number) for number in bad]
    untouched, fixed = fix(dataset, [kind]).samples
    assert untouched is dataset.samples[0]
    np.testing.assert_allclose(fixed.boxes, boxes if expected is None else expected)
    assert len(fixed.class_ids) == len(fixed.scores) == len(fixed.boxes) and fixed.boxes.dtype == np.float32


def test_boxes_outside_tell_how_far(make):
    boxes = [[-20, 10, 40, 50], [-20, 10, 1, 50], [-20, 10, 0, 50], [10, 100, 40, 150], [160, 10, 203, 50]]
    details = [detail for *_, detail in found(make(("a.jpg", boxes)))["outside"]]
    assert details == [*2 * ["20 pixels outside"], *2 * ["wholly outside"], "3 pixels outside"]


def test_pictures_are_looked_through_a_few_at_a_time_for_boxes_drawn_twice(make, monkeypatch):
    monkeypatch.setattr(faults, "_PICTURES", 2)
    boxes = {"a.jpg": [BOX], "b.jpg": [BOX, BOX], "c.jpg": [], "d.jpg": [BOX], "e.jpg": [BOX, BOX]}
    places = found(make(*boxes.items()))["duplicates"]
    assert [place[:2] for place in places] == [("b.jpg", 1), ("e.jpg", 1)]


def test_of_two_equal_boxes_the_surer_one_stays_and_another_name_is_told(make):
    row = {"name": "a.jpg", "boxes": [BOX, BOX], "scores": [0.4, 0.9], "class_ids": [0, 1]}
    dataset = make(row, labels=("Kent", "Camel"))
    ((_, box, detail),) = found(dataset)["duplicates"]
    assert box == 0 and "Camel" in detail and "Kent" in detail
    assert fix(dataset, ["duplicates"]).samples[0].class_ids.tolist() == [1]


def test_spellings_are_joined_under_the_most_frequent(make):
    boxes = [[x, 10, x + 20, 50] for x in (0, 40, 80, 120)]
    row = {"name": "a.jpg", "boxes": boxes, "class_ids": [3, 1, 3, 2]}
    dataset = make(row, labels=("unused", "coca-cola", "Fanta", "Coca Cola"))
    ((name, _, detail),) = found(dataset)["names"]
    assert name == "" and detail == "'coca-cola' (boxes: 1) for 'Coca Cola' (boxes: 2)"
    fixed = fix(dataset, ["names"])
    assert fixed.labels == ("unused", "Fanta", "Coca Cola")
    assert (
        fixed.samples[0].class_ids.tolist() == [2, 2, 2, 1] and fixed.samples[0].class_ids.dtype == np.int32
    )


def test_a_leak_is_taken_out_of_what_is_trained_on(make, tmp_path):
    dataset = make(("a.jpg", [BOX], "train"), ("b.jpg", [BOX], "val"), ("c.jpg", [BOX], "test"))
    picture = cv2.imread(str(tmp_path / "c.jpg"))
    for name in ("d.jpg", "e.jpg", "f.jpg"):
        cv2.imwrite(str(tmp_path / name), picture, [cv2.IMWRITE_JPEG_QUALITY, 60])
    copies = make(("d.jpg", [BOX], "train"), ("e.jpg", [BOX], "val"), ("f.jpg", [BOX], "test")).samples
    dataset = replace(dataset, samples=dataset.samples + copies)
    places = found(dataset)["leak"]
    assert [name for name, *_ in places] == ["d.jpg", "e.jpg"] and "c.jpg in test" in places[0][2]
    fixed = fix(dataset, ["leak"])
    assert [s.path.name for s in fixed.samples] == ["a.jpg", "b.jpg", "c.jpg", "f.jpg"] and not check(fixed)
    unsplit = replace(dataset, samples=tuple(replace(s, split="") for s in dataset.samples))
    assert "leak" not in found(unsplit)


def test_of_many_alike_pictures_each_has_one_that_it_leaks_to(make, monkeypatch):
    names = [f"{number}.jpg" for number in range(200)]
    rows = [(name, [BOX], "val" if number % 2 else "train") for number, name in enumerate(names)]
    dataset = make(rows[0])
    (sample,) = dataset.samples
    samples = tuple(replace(sample, path=sample.path.with_name(n), split=s) for n, _, s in rows)
    (sample.path.with_name("1.jpg")).write_bytes(sample.path.read_bytes())
    for name in names[2:]:
        sample.path.with_name(name).symlink_to(sample.path)
    places = found(replace(dataset, samples=samples))["leak"]
    assert sorted(name for name, *_ in places) == sorted(names[::2])
    assert all("1.jpg in val" in detail for *_, detail in places)


def test_empty_pictures_are_named(make):
    dataset = make(("a.jpg", []), ("b.jpg",))
    assert found(dataset)["empty"] == [("a.jpg", -1, "")]
    assert [s.path.name for s in fix(dataset, ["empty"]).samples] == ["b.jpg"]


def test_a_picture_emptied_by_one_fix_is_seen_by_the_next(make):
    dataset = make(("a.jpg", [[300, 10, 400, 50]]), ("b.jpg",))
    assert [s.path.name for s in fix(dataset, ["outside", "empty"]).samples] == ["b.jpg"]


def test_findings_tell_how_many_and_what_a_fix_does(make):
    (one,) = check(make(("a.jpg", []), ("b.jpg",)))
    (two,) = check(make(("a.jpg", []), ("b.jpg", [])))
    assert one.message == "1 picture has no boxes" and two.message == "2 pictures have no boxes"
    assert one.remedy and list(one.places.columns) == ["file", "split", "box", "detail"]


def test_an_unknown_kind_is_named(make):
    with pytest.raises(ConfigError, match="typo"):
        fix(make(("a.jpg",)), ["tiny", "typo"])


@settings(max_examples=40)
@given(data=st.data())
def test_after_all_fixes_nothing_is_found(data, tmp_path_factory):
    """Whatever the boxes; and those that were sound are still there."""
    folder = tmp_path_factory.getbasetemp() / "sound"
    if not folder.exists():
        folder.mkdir()
        for name in ("a.jpg", "b.jpg"):
            noise = np.random.default_rng(len(name) + ord(name[0])).integers(0, 255, (7, 11, 3), np.uint8)
            cv2.imwrite(str(folder / name), cv2.resize(noise, SIZE, interpolation=cv2.INTER_CUBIC))
    numbers = st.floats(-50, 250, width=32) | st.integers(-5, 20)
    samples = []
    for name in ("a.jpg", "b.jpg"):
        boxes = data.draw(st.lists(st.tuples(*[numbers] * 4), max_size=8))
        class_ids, scores = np.arange(len(boxes)) % 2, np.linspace(0.5, 1, len(boxes))
        samples.append(Sample(folder / name, *SIZE, boxes, class_ids, scores, name[0]))
    dataset = Dataset("any", tuple(samples), ("Kent", "kent"))
    fixed = fix(dataset, CHECKS)
    assert check(fixed) == []
    for sample in fixed.samples:
        assert (sample.boxes[:, 2:] > sample.boxes[:, :2]).all()
        assert (np.triu(iou(sample.boxes, sample.boxes), 1) < 0.76).all()

from pathlib import Path

import numpy as np
import pytest

from skushare.dataset.dataset import Dataset, Sample, evenly_spaced, joined_labels, make_sample
from skushare.errors import DatasetError


def sample(split):
    return Sample(Path("a.jpg"), 10, 10, [[0, 0, 0, 0]], [1], split=split)


def test_a_split_is_a_dataset_of_its_own():
    dataset = Dataset("shop", tuple(map(sample, ("val", "train", "val"))), ("a", "b"))
    assert dataset.splits == ("val", "train")
    part = dataset.only("val")
    assert part.name == "shop@val" and len(part) == 2 and part.labels == dataset.labels
    with pytest.raises(DatasetError, match="train"):
        dataset.only("test")


def test_as_one_class_keeps_boxes():
    one = Dataset("shop", (sample(""),), ("a", "b")).as_one_class()
    assert one.labels == ("facing",) and one.samples[0].class_ids.tolist() == [0]


def test_classes_are_renumbered_by_name():
    dataset = Dataset("shop", (sample(""),), ("a", "b"))  # its box is a b
    (renumbered,) = (other := dataset.with_labels(("b", "c", "a"))).samples
    assert other.labels == ("b", "c", "a") and renumbered.class_ids.tolist() == [0]
    assert renumbered.class_ids.dtype == np.int32  # as runs compare the bytes
    assert dataset.with_labels(("a", "b")) is dataset
    nothing = Dataset("new", (make_sample("a.jpg", (10, 10), [], "", "x"),), ()).with_labels(("a",))
    assert nothing.labels == ("a",) and len(nothing.samples[0].class_ids) == 0


@pytest.mark.parametrize(
    ("names", "labels", "class_ids"),
    [
        ({}, ("a", "b", "c"), [0, 1, 1, 2]),
        ({"b": "jar"}, ("a", "jar", "c"), [0, 1, 1, 2]),
        ({"c": "a"}, ("a", "b"), [0, 1, 1, 0]),
        ({"a": "c"}, ("b", "c"), [1, 0, 0, 1]),
        ({"a": "b", "b": "a"}, ("b", "a", "c"), [0, 1, 1, 2]),
        ({"b": " ", "c": " tin\tbox "}, ("a", "tin box"), [0, 1]),
        (dict.fromkeys("abc", ""), (), []),
    ],
)
def test_renamed_classes_keep_their_boxes_unless_the_name_is_empty(names, labels, class_ids):
    rows = [(0, 0, 5, 5, class_id, 1) for class_id in (0, 1, 1, 2)]
    samples = make_sample("a.jpg", (10, 10), rows, "", "x"), make_sample("b.jpg", (10, 10), [], "", "x")
    first, second = (renamed := Dataset("shop", samples, ("a", "b", "c")).renamed(names)).samples
    assert renamed.labels == labels and first.class_ids.tolist() == class_ids and not len(second.boxes)
    assert first.class_ids.dtype == np.int32 and len(first.boxes) == len(first.scores) == len(class_ids)


def test_a_class_that_is_not_there_cannot_be_renamed():
    with pytest.raises(DatasetError, match="no class called 'd'; there are: a, b"):
        Dataset("shop", (), ("a", "b")).renamed({"a": "x", "d": "y"})


def test_names_of_classes_are_joined_in_order_of_first_appearance():
    assert joined_labels([("b", "a"), (), ("a", "c", "b")]) == ("b", "a", "c")


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ([-5, -5, 5, 5], [[0, 0, 5, 5]]),
        ([3, 3, 30, 30], [[3, 3, 10, 10]]),
        ([3, 3, 3.5, 9], []),  # narrower than a pixel
        ([9, 3, 3, 9], []),  # inverted
        ([20, 20, 30, 30], []),  # outside
    ],
)
def test_cleaning_clips_boxes_and_drops_what_has_no_area(box, expected):
    raw = make_sample("a.jpg", (10, 10), [(*box, 1, 0.5)], "", "x")
    (cleaned,) = Dataset("shop", (raw,), ("a", "b")).cleaned().samples
    np.testing.assert_allclose(cleaned.boxes, np.reshape(expected, (-1, 4)))
    assert cleaned.class_ids.tolist() == [1] * len(expected) == [1 for _ in cleaned.scores]


@pytest.mark.parametrize(("splits", "told"), [(("",), "none"), (("val", ""), "val")])
def test_a_split_that_is_not_there_is_told_with_those_that_are(splits, told):
    samples = tuple(make_sample("a.jpg", (10, 10), [], split, "x") for split in splits)
    with pytest.raises(DatasetError, match=f"'train'; there are: {told}$"):
        Dataset("shop", samples, ()).only("train")


@pytest.mark.parametrize(
    ("size", "row"),
    [
        ((10, 10), (1, 2, 3, float("nan"), 0, 1)),
        ((10, 10), (1, 2, 3, 1e20, 0, 1)),
        ((10, 10), (1, 2, 3, "wide", 0, 1)),
        ((float("inf"), 10), (1, 2, 3, 4, 0, 1)),
        ((10**12, 10), (1, 2, 3, 4, 0, 1)),
    ],
)
def test_a_sample_of_anything_but_pixels_is_refused(size, row):
    with pytest.raises(DatasetError, match="labels, line 3"):
        make_sample("a.jpg", size, [row], "", "labels, line 3")


@pytest.mark.parametrize(
    "count, wanted",
    [(0, []), (1, [0]), (2, [0, 43]), (24, [0, 2, 41, 43]), (44, [0, 1, 42, 43]), (99, [0, 43])],
)
def test_chosen_samples_reach_from_the_first_to_the_last(count, wanted):
    chosen = evenly_spaced(range(44), count)
    assert (
        len(chosen) == min(count, 44) and set(wanted) <= set(chosen) and list(chosen) == sorted(set(chosen))
    )
    assert evenly_spaced((), count) == ()

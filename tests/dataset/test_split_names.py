import pytest

from skushare.dataset.split_names import known_split, split_files, split_of


@pytest.mark.parametrize(
    ("name", "split", "known"),
    [
        ("train", "train", "train"),
        ("instances_train2017", "train", "train"),
        ("annotations_val", "val", "val"),
        ("valid", "val", "val"),
        ("Testing", "test", "test"),
        ("train_machine", "train_machine", None),
        ("annotations_extra", "extra", None),
        ("all", "", None),
        ("annotations", "", None),
    ],
)
def test_splits_are_recognised_by_the_names_that_tools_give(name, split, known):
    assert split_of(name) == split and known_split(name) == known


@pytest.mark.parametrize(
    ("splits", "names"),
    [
        (["train", "", "Shop 1"], ["train", "all", "Shop-1"]),
        (["Shop 1", "Shop-1", "Shop?1"], ["Shop-1-2", "Shop-1", "Shop-1-3"]),
        (["Train", "train", "TRAIN!"], ["Train-2", "train", "TRAIN-3"]),
        (["all", ""], ["all-2", "all"]),
        (["магазин", "лавка", "../x"], ["split-2", "split", "x"]),
    ],
)
def test_every_split_has_files_of_its_own_on_any_disk(splits, names):
    assert split_files(splits) == dict(zip(splits, names, strict=True))

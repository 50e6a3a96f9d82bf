import numpy as np
import pytest

from skushare.dataset.dataset import Dataset
from skushare.dataset.index import Index, read_index


def same(a, b):
    """Whether two datasets have equal samples, apart from where the images lie."""
    return len(a) == len(b) and all(
        (x.path.name, x.width, x.height, x.split, x.group)
        == (y.path.name, y.width, y.height, y.split, y.group)
        and np.array_equal(x.boxes, y.boxes)
        and np.array_equal(x.class_ids, y.class_ids)
        and np.array_equal(x.scores, y.scores)
        and (x.boxes.dtype, x.class_ids.dtype, x.scores.dtype) == (np.float32, np.int32, np.float32)
        for x, y in zip(a.samples, b.samples, strict=True)
    )


def columns(dataset):
    return Index.of(dataset, [sample.path.name for sample in dataset.samples])


@pytest.mark.parametrize("counts", [(), (0,), (1,), (0, 4, 0, 2)])
def test_a_dataset_goes_through_columns_and_their_file_unchanged(make_dataset, tmp_path, counts):
    dataset = make_dataset(counts)
    index = columns(dataset)
    assert index.counts.tolist() == list(counts) and index.starts[-1] == len(index.boxes)
    index.write(tmp_path / "index.npz", ["stamp"])
    for again in (index, read_index(tmp_path / "index.npz", ["stamp"])):
        back = again.dataset("made", tmp_path, dataset.provenance)
        assert same(back, dataset) and (back.labels, back.splits) == (dataset.labels, dataset.splits)


def test_a_kept_file_is_not_taken_when_stale_cut_or_missing(make_dataset, tmp_path):
    path = tmp_path / "index.npz"
    assert read_index(path, []) is None
    columns(make_dataset()).write(path, ["old"])
    assert read_index(path, ["new"]) is None
    path.write_bytes(path.read_bytes()[:-40])
    assert read_index(path, ["old"]) is None


def test_sides_are_those_of_squares_and_zero_for_inverted_boxes(make_dataset):
    index = columns(make_dataset((3,)))
    index.boxes[:] = [[0, 0, 4, 9], [5, 5, 5, 9], [9, 9, 1, 1]]
    assert index.sides.tolist() == [6, 0, 0]


@pytest.mark.parametrize(
    "counts", [{}, {0: 5}, {1: 1}, {2: 0}, {0: 0, 1: 0, 2: 0}, {0: 1, 2: 7}], ids=lambda counts: str(counts)
)
def test_only_the_images_named_get_other_boxes(make_dataset, counts):
    index = columns(make_dataset((2, 0, 3)))
    tables = {row: np.full((count, 6), 1, np.float32) for row, count in counts.items()}
    changed = index.with_tables(tables)
    for row in range(3):
        assert np.array_equal(changed.table(row), tables.get(row, index.table(row)))
    assert changed.boxes.dtype == np.float32 and changed.class_ids.dtype == np.int32
    assert index.counts.tolist() == [2, 0, 3]


def test_nothing_at_all_has_columns_too():
    index = Index.of(Dataset("empty", (), ()), [])
    assert len(index) == 0 and index.boxes.shape == (0, 4) and index.starts.tolist() == [0]


@pytest.mark.parametrize("rows", [[], [0], [1], [2], [0, 2], [0, 1, 2]])
def test_images_taken_out_leave_the_others_as_they_are(make_dataset, rows):
    index = columns(make_dataset((2, 0, 3)))
    rest = index.without(rows)
    kept = [row for row in range(3) if row not in rows]
    assert rest.names == tuple(index.names[row] for row in kept) and len(rest.boxes) == rest.starts[-1]
    for new, old in enumerate(kept):
        assert np.array_equal(rest.table(new), index.table(old))

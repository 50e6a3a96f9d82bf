import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skushare.audits.packing import pack, pack_boxes, unpack, unpack_boxes
from skushare.detections import Detections

IDS = ("track_ids", "row_ids", "brand_ids", "sku_ids", "brand_scores", "present")


@given(st.data(), st.integers(0, 30), st.sets(st.sampled_from(IDS)))
def test_what_is_packed_comes_back_to_the_last_bit(data, n, extra):
    floats = st.floats(-1e6, 1e6, width=32)
    columns = {
        name: data.draw(arrays(np.float32 if name in ("brand_scores", "present") else np.int32, n))
        for name in extra
    }
    found = Detections(
        data.draw(arrays(np.float32, (n, 4), elements=floats)),
        data.draw(arrays(np.float32, n, elements=floats)),
        data.draw(arrays(np.int32, n)),
        **columns,
    )
    again = unpack(n, *pack(found))
    for name in ("boxes", "scores", "class_ids", *IDS):
        before, after = getattr(found, name), getattr(again, name)
        assert (before is None) == (after is None)
        assert before is None or (before.dtype == after.dtype and before.tobytes() == after.tobytes())


def test_boxes_come_back_where_they_are_known_and_only_whole():
    boxes = np.float32([[1.5, 2, 3, 4], [5, 6, 7, 8.25]])
    for some in (boxes, boxes[:0]):
        assert np.array_equal(unpack_boxes(pack_boxes(some)), some)
    assert unpack_boxes(pack_boxes(None)) is None
    with pytest.raises(ValueError):
        unpack_boxes(pack_boxes(boxes)[:-1])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda n, columns, data: (n, columns, data[:-3]),
        lambda n, columns, data: (n, columns, b"x" + data),
        lambda n, columns, data: (n + 1, columns, data),
        lambda n, columns, data: (n - 1, columns, data),
        lambda n, columns, data: (n, columns + ",track_ids", data),
        lambda n, columns, data: (n, columns.replace("scores", "prices"), data),
    ],
)
def test_damage_is_noticed(spoil):
    packed = pack(Detections([[0, 0, 1, 1], [1, 1, 2, 2]], [0.5, 0.25], [0, 1]))
    with pytest.raises(ValueError):
        unpack(*spoil(2, *packed))

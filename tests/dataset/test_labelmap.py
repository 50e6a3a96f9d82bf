import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.dataset.labelmap import Classes, read_label_map, write_label_map
from skushare.errors import DatasetError


@given(labels=st.lists(st.text(st.characters(exclude_categories=("Cs",)), min_size=1), unique=True))
def test_a_label_map_gives_back_what_was_written(labels, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "label_map.pbtxt"
    write_label_map(path, labels)
    assert read_label_map(path) == (dict(enumerate(labels, 1)), {})


@pytest.mark.parametrize(
    ("text", "expected", "codes"),
    [
        ("", {}, {}),
        ("item {\n  id: 1\n  name: 'sku'\n}", {1: "sku"}, {}),
        ('item: { id: 2, name: "b" } item { id: 1 name: "a" }  # a comment', {1: "a", 2: "b"}, {}),
        ('item { id: 1 display_name: "shown" }', {1: "shown"}, {}),
        ('item { id: 1 name: "/m/01" display_name: "tea" }', {1: "tea"}, {"/m/01": "tea"}),  # as COCO's
        (
            'item { id: 1 name: "a" display_name: "tea" } item { id: 2 name: "b" display_name: "tea" }',
            {1: "a", 2: "b"},
            {},
        ),
        (
            'item { id: 1 name: "a" display_name: "b" } item { id: 2 name: "b" display_name: "c" }',
            {1: "b", 2: "c"},
            {"a": "b"},
        ),
        ('item { id: 1 name: "a" keypoints { id: 3 label: "x" } }', {1: "a"}, {}),  # of later versions
    ],
)
def test_label_maps_of_other_programs_are_read(tmp_path, text, expected, codes):
    (tmp_path / "m.pbtxt").write_text(text)
    assert read_label_map(tmp_path / "m.pbtxt") == (expected, codes)


@pytest.mark.parametrize(
    "text",
    [
        "item {",
        "item { id: x }",
        "{}",
        "item { id: 0 name: 'background' }",
        "item { id: 1 name: 'a' } item { id: 1 name: 'b' }",
        "item { id: 1 }",
        pytest.param("x {" * 5000, id="deep"),
    ],
)
def test_a_file_that_is_no_label_map_is_named(tmp_path, text):
    (tmp_path / "m.pbtxt").write_text(text)
    with pytest.raises(DatasetError, match=r"m\.pbtxt"):
        read_label_map(tmp_path / "m.pbtxt")


def test_classes_without_a_label_map_are_ordered_by_name(tmp_path):
    classes = Classes([tmp_path])
    assert [classes.id_of(name) for name in ("tea", "soup", "tea")] == [0, 1, 0]
    assert classes.finish([]) == ((), ("soup", "tea"))


def test_classes_of_the_label_map_come_first(tmp_path):
    write_label_map(tmp_path / "label_map.pbtxt", ["tea", "soup"])
    classes = Classes([tmp_path / "nowhere", tmp_path])
    classes.id_of("bread")
    assert classes.finish([])[1] == ("tea", "soup", "bread")


def test_codes_and_names_of_the_label_map_are_the_same_classes(tmp_path):
    text = (
        'item { id: 1 name: "/m/02" display_name: "tea" } item { id: 2 name: "/m/01" display_name: "soup" }'
    )
    (tmp_path / "mscoco_label_map.pbtxt").write_text(text)
    classes = Classes([tmp_path])
    assert [classes.id_of(name) for name in ("/m/01", "soup", "tea", "/m/02")] == [1, 1, 0, 0]
    assert classes.numbered == {1: "tea", 2: "soup"} and classes.finish([])[1] == ("tea", "soup")

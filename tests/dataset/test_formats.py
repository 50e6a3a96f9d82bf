"""What holds for every format."""

import json
import shutil
import tempfile
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from skushare.dataset.dataset import Dataset, Sample
from skushare.dataset.formats import FORMATS, detect_format, read_dataset, stored_source, write_dataset
from skushare.dataset.layout import unique_names
from skushare.errors import DatasetError, SkushareError
from skushare.text import tidy_name

SIZES = ((31, 17), (20, 40))
SPLITS = ([""], ["train"], ["train", "val", "test"], ["", "val"], ["train", "fold-1"])

# Everything that a file system, or a name of a class in some file, can hold.
text = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
file_names = text.filter(lambda name: "/" not in name and name.strip(". ") and len(name.encode()) < 99)
coordinates = st.integers(-200_000, 5_000_000).map(lambda value: value / 1000)
scores = st.just(1.0) | st.floats(0, 1, width=32)


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr("os.fsync", lambda handle: None)


@lru_cache
def png(size, grey):
    return cv2.imencode(".png", np.full((size[1], size[0], 3), grey, np.uint8))[1].tobytes()


def make_sample(folder, name, size, boxes, class_ids, scores, split=""):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    path.write_bytes(png(size, len(name)))
    return Sample(path, *size, boxes, class_ids, scores, split)


@st.composite
def datasets(draw):
    """Functions that make a dataset with pictures in a folder."""
    labels = draw(st.lists(text.map(tidy_name).filter(bool), min_size=1, max_size=4, unique=True))
    splits = draw(st.sampled_from(SPLITS))
    rows = []
    for number in range(draw(st.integers(1, 4))):
        count = draw(st.integers(0, 3))
        boxes = draw(st.lists(st.tuples(*[coordinates] * 4), min_size=count, max_size=count))
        class_ids = draw(st.lists(st.integers(0, len(labels) - 1), min_size=count, max_size=count))
        marks = draw(st.lists(scores, min_size=count, max_size=count))
        split = draw(st.sampled_from(splits)) if number else splits[0]
        rows.append((draw(file_names), draw(st.sampled_from(SIZES)), boxes, class_ids, marks, split))

    def make(folder):
        samples = [make_sample(folder / str(number), *row) for number, row in enumerate(rows)]
        return Dataset("made up", tuple(samples), tuple(labels))

    return make


def small(folder):
    samples = [
        make_sample(folder, "a shelf", SIZES[0], [[1, 2, 11, 12], [-3, 0, 40, 9]], [1, 0], [1, 0.5], "train"),
        make_sample(folder, "étagère", SIZES[1], [], [], [], "train"),
        make_sample(folder, "b", SIZES[1], [[4.25, 5, 14, 15]], [0], [1], "val"),
    ]
    return Dataset("shop", tuple(samples), ("soup", "tea & milk"))


def check_same(found, dataset, exact):
    assert found.labels == dataset.labels
    named = {name: sample for name, sample in unique_names(dataset.samples)}
    assert {sample.path.name for sample in found.samples} == named.keys() and len(found) == len(dataset)
    for sample in found.samples:
        expected = named[sample.path.name]
        assert sample.path.read_bytes() == expected.path.read_bytes()
        assert (sample.split, sample.width, sample.height) == (
            expected.split,
            expected.width,
            expected.height,
        )
        np.testing.assert_array_equal(sample.class_ids, expected.class_ids)
        np.testing.assert_array_equal(sample.scores, expected.scores)
        tolerance = {} if exact else {"rtol": 1e-6, "atol": 1e-3}  # fractions of the image are rounded
        np.testing.assert_allclose(sample.boxes, expected.boxes, **tolerance or {"rtol": 0})


@pytest.mark.parametrize("format", FORMATS)
@given(make=datasets())
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_what_is_written_is_recognised_and_read_back(format, make):
    with tempfile.TemporaryDirectory() as folder:
        dataset = make(Path(folder, "in"))
        corners = [sample.boxes.ravel() for sample in dataset.samples]
        assume(not any(map(len, corners)) or np.abs(np.concatenate(corners)).max() > 1.5)  # else fractions
        if format == "yolo":  # else pixels; and there is no mark for regions to be ignored
            dataset = replace(dataset, samples=tuple(near(sample.facings) for sample in dataset.samples))
        out = Path(folder, "out")
        write_dataset(dataset, out, format)
        assert detect_format(out) == format
        if format == "labelme":  # whose corners are in any order
            dataset = replace(dataset, samples=tuple(map(upright, dataset.samples)))
        check_same(read_dataset(out, raw=True), dataset, exact=format in ("coco", "voc", "csv", "labelme"))


def near(sample):
    ends = 1.4 * np.float32([sample.width, sample.height] * 2)
    return replace(sample, boxes=np.minimum(sample.boxes, ends))


def upright(sample):
    corners = np.sort(sample.boxes.reshape(-1, 2, 2), axis=1)
    return replace(sample, boxes=corners.reshape(-1, 4))


@pytest.fixture(scope="module", params=FORMATS)
def written(request, tmp_path_factory):
    """(format, folder with a small dataset, its label files and what is in them)."""
    folder = tmp_path_factory.mktemp(request.param)
    write_dataset(small(folder / "in"), folder / "out", request.param)
    files = {
        path: path.read_bytes()
        for path in sorted((folder / "out").rglob("*"))
        if path.is_file() and path.suffix != ".png"
    }
    return request.param, folder / "out", files


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_labels_give_a_dataset_or_an_error_that_names_the_place(written, data):
    _, folder, files = written
    path = data.draw(st.sampled_from(sorted(files)))
    content = files[path]
    at = data.draw(st.integers(0, len(content)))
    until = data.draw(st.integers(at, min(at + 8, len(content))))
    try:
        path.write_bytes(content[:at] + data.draw(st.binary(max_size=4)) + content[until:])
        read_dataset(folder)
    except SkushareError as error:
        assert str(folder) in str(error)
    finally:
        path.write_bytes(content)


def test_a_cleaned_dataset_has_no_wrong_boxes_and_a_raw_one_keeps_them(written):
    _, folder, _ = written
    (cleaned,) = (s for s in read_dataset(folder).samples if s.path.name == "a shelf.png")
    np.testing.assert_allclose(cleaned.boxes, [[1, 2, 11, 12], [0, 0, 31, 9]], atol=1e-4)


def test_a_split_is_chosen_by_an_at_sign(written):
    _, folder, _ = written
    part = read_dataset(f"{folder}@val")
    assert [sample.path.name for sample in part.samples] == ["b.png"] and part.name.endswith("@val")
    with pytest.raises(DatasetError, match="train, val"):
        read_dataset(f"{folder}@nothing")


def test_a_folder_around_the_dataset_does_no_harm(written, tmp_path):
    _, folder, _ = written
    (tmp_path / "upload").mkdir()
    (tmp_path / "upload" / "inner").symlink_to(folder)
    (tmp_path / "upload" / "__MACOSX").mkdir()
    (tmp_path / "upload" / "README.dataset.txt").write_text("made by")
    (tmp_path / "upload" / "about.pdf").touch()
    found, alone = read_dataset(tmp_path / "upload"), read_dataset(folder)
    assert [s.split for s in found.samples] == [s.split for s in alone.samples] and len(found) == 3
    assert found.labels == alone.labels


def test_the_one_folder_of_a_split_beside_notes_is_no_folder_around(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a.xml").write_text("<annotation><filename>a.jpg</filename></annotation>")
    (tmp_path / "LICENSE.txt").touch()
    assert read_dataset(tmp_path).splits == ("train",)


@pytest.mark.parametrize(
    "name", ["a.json", "a.csv", "a.xml", "b/a.xml", "a.yaml", "a.pbtxt", "a.tfrecord", "annotations/a.json"]
)
def test_a_folder_called_like_a_label_file_is_none(written, tmp_path, name):
    (tmp_path / "none" / name).mkdir(parents=True)
    (tmp_path / "none" / "b").mkdir(exist_ok=True)
    with pytest.raises(DatasetError, match="none.*: no labels.*docs/datasets.md"):
        detect_format(tmp_path / "none")
    format, folder, _ = written
    shutil.copytree(folder, tmp_path / "some")
    (tmp_path / "some" / name).mkdir(parents=True)
    assert detect_format(tmp_path / "some") == format and len(read_dataset(tmp_path / "some")) == 3


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_is_left_of_a_dataset_whose_image_is_missing(format, tmp_path):
    dataset = small(tmp_path / "in")
    dataset.samples[1].path.unlink()
    with pytest.raises(SkushareError, match="étagère"):
        write_dataset(dataset, tmp_path / "out", format)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("format", FORMATS)
def test_a_folder_with_files_is_not_written_to(format, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(SkushareError, match="exists"):
        write_dataset(small(tmp_path / "in"), tmp_path / "out", format)


@pytest.mark.parametrize("format", FORMATS)
def test_a_split_that_cannot_name_a_file_gets_a_plain_name(format, tmp_path):
    boxes = [[1, 2, 11, 12]], [0], [1]
    splits = "../out", "Shop A", "train"
    samples = [make_sample(tmp_path / "in", split[-1], SIZES[0], *boxes, split) for split in splits]
    write_dataset(Dataset("shop", tuple(samples), ("soup",)), tmp_path / "new" / "shop", format)
    assert {path.name for path in tmp_path.iterdir()} == {"in", "new"}
    written = read_dataset(tmp_path / "new" / "shop")
    assert {s.split: s.path.stem for s in written.samples} == {"out": "t", "Shop-A": "A", "train": "n"}


def test_a_dataset_without_images_is_not_written(tmp_path):
    with pytest.raises(DatasetError, match="no images"):
        write_dataset(Dataset("shop", (), ("soup",)), tmp_path / "out", "coco")


def test_an_unknown_source_is_told_with_what_there_is(tmp_path, monkeypatch):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    for source in ("nothing-like-this", "nothing@train", "a" * 5000, "nul\0", "@", ""):
        with pytest.raises(DatasetError, match="no"):
            read_dataset(source)
    with pytest.raises(DatasetError, match="tfrecord"):
        read_dataset(tmp_path)


def test_a_stored_dataset_is_read_by_its_name_with_its_wrong_boxes_when_raw(tmp_path, monkeypatch):
    from skushare.dataset.store import add_dataset

    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    dataset = small(tmp_path / "in")
    add_dataset(dataset, "shop")
    check_same(read_dataset("shop", raw=True), dataset, exact=False)
    assert read_dataset("shop@train").samples[0].boxes.min() == 0
    # Its folder stands for it too, edits and all.
    assert read_dataset(tmp_path / "workspace" / "datasets" / "shop").name == "shop"


def test_a_stored_dataset_comes_before_a_folder_of_its_name(tmp_path, monkeypatch):
    from skushare.dataset.store import add_dataset

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    add_dataset(small(tmp_path / "in"), "shop")
    write_dataset(small(tmp_path / "in"), tmp_path / "shop", "voc")
    for source in ("shop", "shop@train"):
        assert stored_source(source) and read_dataset(source).provenance.get("format") != "voc"
    for source in ("./shop", "shop/", str(tmp_path / "shop"), tmp_path / "shop", Path("shop")):
        assert not stored_source(source) and read_dataset(source).provenance["format"] == "voc"


@pytest.mark.parametrize(
    ("boxes", "refused"),
    [
        ([[0.1, 0.2, 0.4, 0.9], [0.5, 0.5, 1.1, 1.2]], True),
        ([[0.1, 0.2, 0.4, 0.9], [5, 5, 11, 12]], False),  # one of them is a mistake
        ([[-1, 0.2, 0.4, 0.9]], False),
        ([[0, 0, 0, 0]], False),
        ([], False),
    ],
)
@pytest.mark.parametrize("format", ["voc", "coco", "labelme", "csv"])
def test_fractions_are_not_taken_for_pixels(tmp_path, format, boxes, refused):
    rows = boxes, [0] * len(boxes), [1] * len(boxes)
    dataset = Dataset("shop", (make_sample(tmp_path, "a", SIZES[0], *rows),), ("soup",))
    write_dataset(dataset, tmp_path / "out", format)
    if refused:
        with pytest.raises(DatasetError, match=f"look like fractions of the picture; {format} needs pixels"):
            read_dataset(tmp_path / "out", raw=True)
    else:
        assert len(read_dataset(tmp_path / "out", raw=True).samples[0].boxes) == len(boxes)


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        ("0 40 20 30 10\n0 80 25 30 10\n", True),
        ("0 40 20 55 20 55 30\n", True),  # a polygon
        ("0 0.9 0.5 0.3 1.2\n0 0.5 1.1 0.2 0.4\n", False),  # somewhat beyond
        ("0 0.5 0.5 0.2 0.4\n0 40 20 30 10\n", False),  # one of them is a mistake
        ("", False),
    ],
)
def test_pixels_are_not_taken_for_fractions(tmp_path, lines, refused):
    make_sample(tmp_path, "a", (100, 50), [], [], [])
    (tmp_path / "a.txt").write_text(lines)
    if refused:
        with pytest.raises(DatasetError, match="look like pixels; yolo needs fractions of the picture"):
            read_dataset(tmp_path, format="yolo")
    else:
        assert len(read_dataset(tmp_path, format="yolo", raw=True).samples[0].boxes) == lines.count("\n")


@pytest.mark.parametrize("name", ["a.png", r"{}\a.png", "/home/me/{}/a.png", "../images/{}/a.png"])
@pytest.mark.parametrize("homes", ["images/{}", "{}"])
@pytest.mark.parametrize("format", ["coco", "csv"])
def test_photos_of_one_name_in_the_folders_of_their_splits_are_found(tmp_path, format, homes, name):
    for split in ("train", "val"):
        (tmp_path / homes.format(split)).mkdir(parents=True)
        (tmp_path / homes.format(split) / "a.png").write_bytes(png(SIZES[0], 0))
        photo, target = name.format(split), tmp_path / f"{split}.{'json' if format == 'coco' else 'csv'}"
        if format == "coco":
            images = [{"id": 1, "file_name": photo}]
            target.write_text(json.dumps({"images": images, "annotations": [], "categories": []}))
        else:
            target.write_text(f"image,xmin,ymin,xmax,ymax,class\n{photo},1,2,9,9,tea\n")
    found = [(sample.split, sample.path) for sample in read_dataset(tmp_path).samples]
    assert found == [(split, tmp_path / homes.format(split) / "a.png") for split in ("train", "val")]


@pytest.mark.parametrize("format", FORMATS)
def test_scores_in_per_cent_are_not_taken_for_sure_labels(tmp_path, format):
    boxes = [[1, 1, 9, 9], [10, 1, 19, 9]]
    dataset = Dataset("shop", (make_sample(tmp_path, "a", SIZES[0], boxes, [0, 0], [30.5, 87.5]),), ("soup",))
    write_dataset(dataset, tmp_path / "out", format)
    if format == "tfrecord":  # where a weight may be above 1
        assert read_dataset(tmp_path / "out").samples[0].scores.tolist() == [1, 1]
    else:
        with pytest.raises(DatasetError, match=r"a score of 87\.5; scores are from 0 to 1"):
            read_dataset(tmp_path / "out")


@pytest.mark.parametrize("format", FORMATS)
def test_spaces_around_the_name_of_a_class_are_none_of_it(tmp_path, format):
    boxes = [[1, 2, 11, 12], [3, 4, 13, 14], [5, 6, 15, 16]]
    photo = make_sample(tmp_path, "a", SIZES[0], boxes, [0, 1, 2], [1, 1, 1])
    dataset = Dataset("shop", (photo,), (" cola ", "cola", "\u00a0tea"))
    write_dataset(dataset, tmp_path / "out", format)
    found = read_dataset(tmp_path / "out")
    assert [found.labels[class_id] for class_id in found.samples[0].class_ids] == ["cola", "cola", "tea"]
    write_dataset(replace(dataset, labels=("cola", " ", "tea")), tmp_path / "blank", format)
    with pytest.raises(DatasetError, match="blank: .*name"):
        read_dataset(tmp_path / "blank")


def test_an_empty_source_is_not_this_folder(tmp_path, monkeypatch):
    write_dataset(small(tmp_path / "in"), tmp_path / "out", "csv")
    monkeypatch.chdir(tmp_path / "out")
    assert len(read_dataset(".")) == 3
    with pytest.raises(DatasetError, match="^'': no such file"):
        read_dataset("")


def test_an_at_sign_in_a_path_is_no_split_by_itself(tmp_path):
    (tmp_path / "me@home").mkdir()
    write_dataset(small(tmp_path / "in"), tmp_path / "me@home" / "out", "csv")
    assert len(read_dataset(tmp_path / "me@home" / "out")) == 3
    assert len(read_dataset(f"{tmp_path}/me@home/out@val")) == 1
    with pytest.raises(DatasetError, match="me@home/none"):
        read_dataset(tmp_path / "me@home" / "none")


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("project.json", '[{"id": 1, "annotations": [{"result": [{"type": "rectanglelabels"}]}]}]', "COCO"),
        (
            "via.json",
            '{"a.jpg12": {"regions": [{"shape_attributes": {"name": "rect", "x": 1}}]}}',
            "VIA.*COCO",
        ),
        ("via.csv", "filename,file_size,region_id,region_shape_attributes\n", "VIA.*COCO"),
        ("annotations.xml", '<?xml version="1.0"?>\n<annotations>\n<version>1.1</version>', "CVAT"),
        (
            "_annotations.createml.json",
            '[{"image":"a.jpg","annotations":[{"label":"s","coordinates":{"x":9,"y":9,"width":4,"height":4}}]}]',
            "CreateML.*COCO",
        ),
        ("_annotations.txt", "b c.jpg\na (1).JPG 1,2,30,40,0 5,6,70,80,1\n", "YOLOv4 PyTorch.*COCO"),
    ],
)
@pytest.mark.parametrize("place", [".", "train"])
def test_what_a_tool_writes_for_itself_is_told_with_what_to_export(tmp_path, name, text, remedy, place):
    for picture in ("train/a.jpg", "valid/b.jpg"):
        (tmp_path / picture).parent.mkdir()
        (tmp_path / picture).touch()
    (tmp_path / place / name).write_text(text)
    for source in (tmp_path, tmp_path / place / name):
        with pytest.raises(DatasetError, match=rf"{name}.*{remedy}.*which skushare reads"):
            read_dataset(source)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train.txt", "images/a.jpg\nimages/b.jpg 1\n"),
        ("places.json", '{"features": [{"coordinates": {"x": 1}}]}'),
        ("notes.json", '[{"image": "a.jpg", "coordinates": [1, 2]}]'),
    ],
)
def test_what_is_only_like_a_tool_s_own_file_is_no_such(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError, match="no labels of a known format"):
        read_dataset(tmp_path)

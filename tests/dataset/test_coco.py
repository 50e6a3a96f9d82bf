import json
from pathlib import Path

import numpy as np
import pytest

from skushare.dataset import coco
from skushare.dataset.coco import coco_files, read_coco, write_coco
from skushare.dataset.formats import read_dataset
from skushare.errors import DatasetError
from skushare.images import write_image


def write(folder, images=None, annotations=(), categories=({"id": 7, "name": "sku"},)):
    images = [{"id": 3, "file_name": "a.jpg", "width": 100, "height": 50}] if images is None else images
    path = folder / "train.json"
    path.write_text(
        json.dumps({"images": images, "annotations": list(annotations), "categories": list(categories)})
    )
    return path


def annotation(bbox, **more):
    return {"id": 1, "image_id": 3, "category_id": 7, "bbox": bbox, **more}


def test_boxes_become_xyxy_and_ids_positions(tmp_path):
    dataset = read_coco(
        write(tmp_path, annotations=[annotation([10, 5, 20, 30]), annotation([0, 0, 5, 5], score=0.4)])
    )
    (sample,) = dataset.samples
    np.testing.assert_allclose(sample.boxes, [[10, 5, 30, 35], [0, 0, 5, 5]])
    assert sample.class_ids.tolist() == [0, 0] and dataset.labels == ("sku",)
    np.testing.assert_allclose(sample.scores, [1, 0.4])


@pytest.mark.parametrize(
    ("bbox", "expected"),
    [
        ([-10, -10, 30, 30], [[0, 0, 20, 20]]),  # outside: clipped
        ([90, 40, 50, 50], [[90, 40, 100, 50]]),
        ([200, 10, 20, 20], []),  # wholly outside
        ([10, 10, 0, 20], []),  # without area
        ([10, 10, -5, 20], []),  # inverted
        ([], []),  # as some tools write a mask, a point or a caption
        (None, []),
    ],
)
def test_boxes_are_clipped_and_dropped_when_nothing_is_left(tmp_path, bbox, expected):
    (sample,) = read_coco(write(tmp_path, annotations=[annotation(bbox)])).samples
    np.testing.assert_allclose(sample.boxes, np.reshape(expected, (-1, 4)))


@pytest.mark.parametrize(
    ("polygons", "expected"),
    [
        ([[10, 5, 30, 5, 30, 35]], [[10, 5, 30, 35]]),
        ([[10, 5, 20, 5, 20, 9], [30, 20, 40, 20, 40, 40]], [[10, 5, 40, 40]]),
        ([], []),
        ([[]], []),
        # Masks of 3 x 4 pixels, as runs down the columns: lists, and the same packed.
        ({"counts": [4, 1, 2, 2, 3], "size": [3, 4]}, [[1, 1, 3, 3]]),
        ({"counts": "41211", "size": [3, 4]}, [[1, 1, 3, 3]]),
        ({"counts": [0, 12], "size": [3, 4]}, [[0, 0, 4, 3]]),
        ({"counts": [2, 1, 9], "size": [3, 4]}, [[0, 2, 1, 3]]),
        ({"counts": [12], "size": [3, 4]}, []),
        ({"counts": [], "size": [3, 4]}, []),
        ({"counts": "", "size": [3, 4]}, []),
        ({"counts": [4999, 1], "size": [50, 100]}, [[99, 49, 100, 50]]),
        ({"counts": "bV1d0n0000Pa3", "size": [50, 100]}, [[24, 0, 28, 50]]),
    ],
)
@pytest.mark.parametrize("bbox", [[], None])
def test_of_a_polygon_or_a_mask_without_a_box_the_box_is_taken(tmp_path, bbox, polygons, expected):
    (sample,) = read_coco(write(tmp_path, annotations=[annotation(bbox, segmentation=polygons)])).samples
    np.testing.assert_allclose(sample.boxes, np.reshape(expected, (-1, 4)))


@pytest.mark.parametrize(
    "polygons",
    [
        [["a", "b"]],
        [[1]],
        [7],
        [[1, None, 2, 3]],
        {"counts": [1, 2, 99], "size": [3, 4]},  # beyond the picture
        {"counts": [1, -2], "size": [3, 4]},
        {"counts": [1, 2], "size": [3]},
        {"counts": [1, 2]},
        {"counts": "oo", "size": [3, 4]},  # cut short
        {"counts": "\ud800", "size": [3, 4]},
        {"counts": None, "size": [3, 4]},
    ],
)
def test_a_polygon_or_a_mask_that_makes_no_sense_is_named_with_its_place(tmp_path, polygons):
    with pytest.raises(DatasetError, match=r"train\.json, annotation 1"):
        read_coco(write(tmp_path, annotations=[annotation([], segmentation=polygons)]))


@pytest.mark.parametrize(
    ("attributes", "box"),
    [
        ({"occluded": False, "rotation": 90.0}, [10, 0, 30, 40]),
        ({"rotation": 270.0}, [10, 0, 30, 40]),
        ({"rotation": 0.0}, [0, 10, 40, 30]),
        ({"rotation": "left"}, [0, 10, 40, 30]),
        (["rotation"], [0, 10, 40, 30]),
        (None, [0, 10, 40, 30]),
    ],
)
def test_of_a_box_that_was_turned_in_cvat_the_one_around_it_is_taken(tmp_path, attributes, box):
    path = write(tmp_path, annotations=[annotation([0, 10, 40, 20], attributes=attributes)])
    np.testing.assert_allclose(read_coco(path).samples[0].boxes, [box], atol=1e-4)


def test_pictures_without_boxes_are_kept(tmp_path):
    (sample,) = read_coco(write(tmp_path)).samples
    assert sample.boxes.shape == (0, 4)


@pytest.mark.parametrize("mark", ["iscrowd", "ignore"])
def test_crowds_are_regions_to_be_ignored_and_written_as_such(tmp_path, mark):
    write_image(tmp_path / "a.jpg", np.zeros((50, 100, 3), np.uint8))
    boxes = [annotation([1, 1, 9, 9], **{mark: 1, "score": 0.9}), annotation([1, 1, 9, 9], **{mark: 0})]
    dataset = read_coco(write(tmp_path, annotations=boxes))
    assert dataset.samples[0].ignored.tolist() == [True, False]
    (tmp_path / "out").mkdir()
    write_coco(dataset, tmp_path / "out")
    written = json.loads((tmp_path / "out" / "train.json").read_text())["annotations"]
    assert [(entry["iscrowd"], "score" in entry) for entry in written] == [(1, False), (0, False)]


@pytest.mark.parametrize(
    ("more", "score"),
    [
        ({"iscrowd": "0"}, 1),
        ({"ignore": "0", "score": 0.5}, 0.5),
        ({"iscrowd": "1"}, 0),
        ({"iscrowd": "true"}, 0),
        ({"iscrowd": False, "ignore": True}, 0),
        ({"iscrowd": None, "ignore": None, "score": None}, 1),
        ({"ignore": ""}, 1),
    ],
)
def test_marks_and_scores_may_be_text_or_null(tmp_path, more, score):
    (sample,) = read_coco(write(tmp_path, annotations=[annotation([1, 1, 9, 9], **more)])).samples
    assert sample.scores.tolist() == [score]


@pytest.mark.parametrize("folder", ["train", "images", "."])
def test_images_are_looked_for_beside_the_file(tmp_path, folder):
    (tmp_path / folder).mkdir(exist_ok=True)
    assert read_coco(write(tmp_path)).samples[0].path == tmp_path / folder / "a.jpg"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"images": 3, "annotations": [], "categories": []}', "\x00"]
)
def test_a_file_that_is_not_coco_is_named(tmp_path, text):
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(DatasetError, match=r"bad\.json"):
        read_coco(tmp_path / "bad.json")


def test_a_list_of_results_alone_is_told(tmp_path):
    (tmp_path / "results.json").write_text(json.dumps([annotation([1, 1, 2, 2], score=0.5)]))
    with pytest.raises(DatasetError, match=r"results\.json: .*list of results alone"):
        read_dataset(tmp_path / "results.json")


@pytest.mark.parametrize(
    "annotation_", [{"id": 1, "image_id": 99, "category_id": 7, "bbox": [1, 1, 2, 2]}, annotation([1, 2, 3])]
)
def test_an_annotation_that_fits_no_image_or_box_is_refused(tmp_path, annotation_):
    with pytest.raises(DatasetError, match=r"train\.json"):
        read_coco(write(tmp_path, annotations=[annotation_]))


def test_a_missing_file_or_folder_is_named(tmp_path):
    with pytest.raises(DatasetError, match="none"):
        read_coco(tmp_path / "none.json")
    with pytest.raises(DatasetError, match="nowhere"):
        read_coco(write(tmp_path), images=tmp_path / "nowhere")


def test_raw_boxes_are_as_they_stand_in_the_file(tmp_path):
    annotations = [annotation([-10, -10, 30, 30]), annotation([10, 10, -5, 20])]
    (sample,) = read_coco(write(tmp_path, annotations=annotations), raw=True).samples
    np.testing.assert_allclose(sample.boxes, [[-10, -10, 20, 20], [10, 10, 5, 30]])


@pytest.mark.parametrize("name", ["..", "/", "", "a\ud800.jpg"])
def test_what_is_no_file_name_is_refused(tmp_path, name):
    path = write(tmp_path, images=[{"id": 3, "file_name": name, "width": 9, "height": 9}])
    with pytest.raises(DatasetError, match=r"train\.json, image 3"):
        read_coco(path)


@pytest.mark.parametrize(
    "name",
    ["../passwd", "/etc/passwd", "b/../../passwd", "../../local-files/?d=shop/passwd", "C:\\x\\..\\passwd"],
)
def test_a_file_name_that_leads_out_stands_for_a_file_of_the_folder(tmp_path, name):
    path = write(tmp_path, images=[{"id": 3, "file_name": name, "width": 9, "height": 9}])
    read = tmp_path / "passwd"
    assert read_coco(path).samples[0].path in (read, tmp_path / name)  # a backslash is a letter on Unix
    assert read_coco(path, tmp_path, confined=False).samples[0].path == Path(tmp_path, name)


def test_a_folder_is_known_by_what_its_files_hold(tmp_path):
    text = write(tmp_path).read_text()
    (tmp_path / "train.json").write_text("\ufeff" + text, encoding="utf-8")  # as some Windows tools save it
    assert [path.name for _, path in coco_files(tmp_path)] == ["train.json"] and read_coco(tmp_path)
    (tmp_path / "train.json").unlink()
    (tmp_path / "notes.json").write_text('{"categories": [{"id": 0, "name": "s"}], "info": {}}')
    assert not coco_files(tmp_path)  # Label Studio's, beside labels of YOLO


@pytest.mark.parametrize(
    ("bbox", "more"),
    [
        ([1, 2, float("nan"), 4], {}),
        ([1, 2, float("inf"), 4], {}),
        ([1, 2, 1e300, 4], {}),
        ([1, 2, 10**400, 4], {}),
        ([1, 2, "3", 4], {}),
        ([1, 2, None, 4], {}),
        ({"x": 1}, {}),
        ([1, 2, 3, 4], {"score": "high"}),
        ([1, 2, 3, 4], {"category_id": 8}),
        ([1, 2, 3, 4], {"image_id": [3]}),
    ],
)
def test_an_annotation_that_makes_no_sense_is_named_with_their_place(tmp_path, bbox, more):
    path = write(tmp_path, annotations=[annotation([1, 1, 5, 5]), annotation(bbox, **more)])
    with pytest.raises(DatasetError, match=r"train\.json, (annotation 2|image 3)|category 8"):
        read_coco(path)


def test_a_box_that_is_no_four_numbers_is_told_in_plain_words(tmp_path):
    for bbox in ([1, 2, "x", 4], [1, 2, 3], 7):
        with pytest.raises(DatasetError, match=r"annotation 1: not .* \(bbox is to be four numbers"):
            read_coco(write(tmp_path, annotations=[annotation(bbox)]))


def test_half_a_character_becomes_one_that_can_be_shown(tmp_path):
    categories = ({"id": 7, "name": "milk \ud83e"}, {"id": 8, "name": "\U0001f96b"})
    image = {"id": 3, "file_name": "a.jpg", "width": 9, "height": 9, "group": "shop \udc00"}
    dataset = read_coco(write(tmp_path, images=[image], categories=categories))
    assert dataset.labels == ("milk \ufffd", "\U0001f96b") and dataset.samples[0].group == "shop \ufffd"


def test_deep_nesting_is_no_crash(tmp_path):
    (tmp_path / "bad.json").write_text('{"images": ' + "[" * 100_000)
    with pytest.raises(DatasetError, match=r"bad\.json"):
        read_coco(tmp_path / "bad.json")


def test_two_images_of_one_id_are_refused(tmp_path):
    image = {"id": 3, "file_name": "a.jpg", "width": 9, "height": 9}
    with pytest.raises(DatasetError, match="same id"):
        read_coco(write(tmp_path, images=[image, image]))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"labels.json": "a"}, [("", "a")]),
        (
            {"train.json": "a", "val.json": "b", "extra.json": "c"},
            [("train", "a"), ("val", "b"), ("extra", "c")],
        ),
        (
            {"annotations/instances_val2017.json": "b", "annotations/instances_train2017.json": "a"},
            [("train", "a"), ("val", "b")],
        ),
        (
            {"valid/_annotations.coco.json": "b", "train/_annotations.coco.json": "a"},
            [("train", "a"), ("val", "b")],
        ),
        ({"validation/labels.json": "b", "train/labels.json": "a"}, [("train", "a"), ("val", "b")]),
        (
            {"train.json": "a", "val.json": "a"},
            [("train", "a"), ("val", "a")],
        ),  # a leak is for others to judge
        (
            {"train.json": "ab", "train_brands.json": "b"},
            [("train", "a"), ("train", "b")],
        ),  # the same once more
        ({"train.json": "a", "rows.json": "x"}, [("train", "a")]),  # pictures that are not there
    ],
)
def test_a_folder_has_a_file_for_each_split(tmp_path, files, expected):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "images").mkdir()
    for name in "abc":
        (tmp_path / "images" / f"{name}.jpg").touch()
    (tmp_path / "package.json").write_text('{"name": "not labels"}')
    for file, names in files.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        images = [{"id": n, "file_name": f"{n}.jpg", "width": 9, "height": 9} for n in names]
        text = write(tmp_path / "elsewhere", images=images).read_text()
        (tmp_path / file).write_text(text)
    found = [(sample.split, sample.path.stem) for sample in read_dataset(tmp_path).samples]
    assert found == expected


@pytest.mark.parametrize(
    ("parent", "used", "expected"),
    [
        ({"supercategory": "none"}, 1, ("sku",)),  # as Roboflow writes it
        ({}, 1, ("sku",)),
        ({"supercategory": "none"}, 0, ("packs", "sku")),
        ({"name": "Packs"}, 1, ("Packs", "sku")),  # the parent of none
        ({"name": "person", "supercategory": "person"}, 1, ("person", "sku")),  # its own parent, as in COCO
    ],
)
def test_a_parent_of_categories_without_boxes_is_no_class(tmp_path, parent, used, expected):
    categories = [{"id": 0, "name": "packs"} | parent, {"id": 1, "name": "sku", "supercategory": "packs"}]
    dataset = read_coco(write(tmp_path, None, [annotation([0, 0, 9, 9], category_id=used)], categories))
    assert dataset.labels == expected
    assert [dataset.labels[i] for i in dataset.samples[0].class_ids] == [categories[used]["name"]]


def test_the_work_of_finding_parents_grows_with_the_categories_not_their_square(monkeypatch, tmp_path):
    looked = []

    class Category(dict):
        def get(self, key, default=None):
            looked.append(key)
            return super().get(key, default)

    categories = [{"id": n, "name": f"sku {n}", "supercategory": "shop"} for n in range(50)]
    path = write(tmp_path, None, [annotation([0, 0, 9, 9])], categories)
    take = coco._Boxes.take
    monkeypatch.setattr(
        coco._Boxes, "take", lambda self, item: Category(item) if "name" in item else take(self, item)
    )
    assert len(read_coco(path).labels) == 50 and len(looked) <= 2 * 50


def test_classes_of_several_files_are_joined_by_name(tmp_path):
    write(tmp_path, categories=({"id": 7, "name": "tea"}, {"id": 9, "name": "soup"}))
    write(tmp_path, annotations=[annotation([1, 1, 9, 9])], categories=({"id": 7, "name": "soup"},)).rename(
        tmp_path / "val.json"
    )
    write(tmp_path, annotations=[annotation([1, 1, 9, 9])], categories=({"id": 7, "name": "tea"},))
    dataset = read_coco(tmp_path)
    assert dataset.labels == ("tea", "soup")
    assert [sample.class_ids.tolist() for sample in dataset.samples] == [[0], [1]]


def shop(folder, **photos):
    """COCO files called like the keywords, each with one box in each of its photos, which are there."""
    for name, places in sorted(photos.items(), key=lambda item: item[0] == "train"):
        images = [{"id": n, "file_name": place, "width": 100, "height": 50} for n, place in enumerate(places)]
        boxes = [{**annotation([1, 2, 30, 40]), "image_id": image["id"]} for image in images]
        write(folder, images, boxes).rename(folder / f"{name}.json")


def put(folder, *places):
    for place in places:
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        write_image(folder / place, np.zeros((50, 100, 3), np.uint8))


@pytest.mark.parametrize(
    ("photos", "files"),
    [
        (["photos/a.jpg", "photos/b.jpg"], {"batch1": ["a.jpg"], "batch2": ["b.jpg"]}),
        (["shop1/a.jpg", "shop2/a.jpg"], {"shop1": ["a.jpg"], "shop2": ["a.jpg"]}),
        (["images/a.jpg", "images/b.jpg"], {"one": ["a.jpg"], "two": ["gone.jpg", "b.jpg"]}),
    ],
)
def test_files_that_are_no_splits_are_all_read(tmp_path, photos, files):
    put(tmp_path, *photos)
    shop(tmp_path, **files)
    found = {sample.path.relative_to(tmp_path).as_posix() for sample in read_dataset(tmp_path).samples}
    assert found >= set(photos) and len(found) == sum(map(len, files.values()))


@pytest.mark.parametrize("name", ["a.jpg", "/content/shop/a.jpg", "C:\\shop\\a.jpg", "gone/a.jpg"])
def test_files_that_are_no_splits_and_label_one_photo_are_refused(tmp_path, name):
    put(tmp_path, "images/a.jpg")
    shop(tmp_path, cola=[name], water=[name])
    with pytest.raises(DatasetError, match=r"water\.json: labels a\.jpg as cola\.json does"):
        read_coco(tmp_path)


@pytest.mark.parametrize("name", ["a.jpg", "./a.jpg", "/content/shop/a.jpg"])
def test_a_file_that_lists_one_photo_twice_is_refused(tmp_path, name):
    put(tmp_path, "images/a.jpg")
    shop(tmp_path, train=["a.jpg", "b.jpg", name])
    with pytest.raises(DatasetError, match=r"train\.json, image 2: is the same photo as image 0, a\.jpg"):
        read_coco(tmp_path)


def test_beside_splits_a_file_of_the_same_photos_is_left_out_and_told(tmp_path):
    put(tmp_path, "images/a.jpg", "images/b.jpg")
    shop(tmp_path, train=["a.jpg"], val=["b.jpg"], brands=["b.jpg"], other=["gone.jpg"])
    dataset = read_coco(tmp_path)
    assert len(dataset) == 2 and dataset.provenance["left out"].startswith("brands.json, other.json, which")


def test_a_photo_is_never_taken_for_another_sample_s(tmp_path):
    put(tmp_path, "s2/a.jpg", "s2/b.jpg")
    shop(tmp_path, all=["s1/a.jpg", "s2/a.jpg", "s2/b.jpg"])
    paths = [sample.path for sample in read_dataset(tmp_path).samples]
    assert paths == [tmp_path / name for name in ("s1/a.jpg", "s2/a.jpg", "s2/b.jpg")]


def test_what_fiftyone_exports_is_read_with_photos_of_one_name_in_two_folders(tmp_path):
    names = ["train/a.jpg", "val/a.jpg"]
    images = [{"id": i, "file_name": name, "width": 9, "height": 9} for i, name in enumerate(names)]
    write(tmp_path, images).rename(tmp_path / "labels.json")
    for name in names:
        (tmp_path / "data" / name).parent.mkdir(parents=True)
        (tmp_path / "data" / name).touch()
    assert [s.path for s in read_dataset(tmp_path).samples] == [tmp_path / "data" / name for name in names]


def test_the_folder_that_has_most_of_the_photos_counts(tmp_path):
    put(tmp_path, "train/0.jpg", "val/1.jpg", "val/2.jpg")
    (tmp_path / "annotations").mkdir()
    shop(tmp_path / "annotations", train=["0.jpg"], val=["0.jpg", "1.jpg", "2.jpg"])
    paths = [sample.path for sample in read_dataset(tmp_path).samples]
    assert paths == [tmp_path / name for name in ("train/0.jpg", "val/0.jpg", "val/1.jpg", "val/2.jpg")]


def test_boxes_of_a_photo_found_elsewhere_whose_size_is_not_labelled_are_kept(tmp_path):
    put(tmp_path, "deep/down/a.jpg")
    write(tmp_path, [{"id": 3, "file_name": "a.jpg"}], [annotation([90, 5, 20, 30])])
    (sample,) = read_dataset(tmp_path).samples
    assert (sample.width, sample.height) == (100, 50) and sample.boxes.tolist() == [[90, 5, 100, 35]]


def test_folders_of_another_system_are_folders(tmp_path):
    put(tmp_path, "s1/a.jpg", "s2/a.jpg")
    shop(tmp_path, all=["s1\\a.jpg", "s2\\a.jpg"])
    assert [s.path for s in read_coco(tmp_path).samples] == [tmp_path / "s1/a.jpg", tmp_path / "s2/a.jpg"]


@pytest.mark.parametrize("name", ["", None])
def test_a_class_without_a_name_is_refused(tmp_path, name):
    with pytest.raises(DatasetError, match="category 7 has no name"):
        read_coco(write(tmp_path, categories=[{"id": 7, "name": name}]))

import numpy as np
import pytest

from skushare.dataset.formats import detect_format, read_dataset
from skushare.dataset.yolo import read_yolo
from skushare.errors import DatasetError
from skushare.images import write_image


def write(folder, labels="0 0.5 0.5 0.2 0.4\n", images=("images/a.jpg",), **files):
    for name in images:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(folder / name, np.zeros((50, 100, 3), np.uint8))
        place = name.replace("images/", "labels/").replace("Images/", "Labels/")
        label = (folder / place).with_suffix(".txt")
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text(labels)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def test_fractions_become_pixels(tmp_path):
    write(
        tmp_path,
        "1 0.5 0.5 0.2 0.4\n\n0 0.1 0.2 0.2 0.4 0.75\n",
        data__yaml="names: [soup, tea]\ntrain: images\n",
    )
    dataset = read_yolo(tmp_path)
    (sample,) = dataset.samples
    np.testing.assert_allclose(sample.boxes, [[40, 15, 60, 35], [0, 0, 20, 20]], atol=1e-5)
    assert sample.class_ids.tolist() == [1, 0] and sample.scores.tolist() == [1, 0.75]
    assert dataset.labels == ("soup", "tea") and sample.split == "train"


def test_of_a_polygon_the_box_is_taken(tmp_path):
    write(tmp_path, "0 0.1 0.2 0.3 0.2 0.3 0.6\n")
    (sample,) = read_yolo(tmp_path).samples
    np.testing.assert_allclose(sample.boxes, [[10, 10, 30, 30]], atol=1e-5)
    assert sample.scores.tolist() == [1]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("0 0.5 0.5 0.2 0.4 17", "track"),
        ("0 0.5 0.5 0.2 0.4 0.9 2", "track"),
        ("0 0.1 0.2 0.3 0.2 0.3 0.6 0.9 17", "track"),
        ("0 0.1 0.2 0.3 0.2 0.3 0.6 0.9", "last column"),
        ("1.7 0.5 0.5 0.2 0.4", "1.7 is not a whole"),
    ],
)
def test_a_line_that_would_be_misread_is_named(tmp_path, line, reason):
    write(tmp_path, line)
    with pytest.raises(DatasetError, match=rf"a\.txt, line 1: .*{reason}"):
        read_yolo(tmp_path)


@pytest.mark.parametrize("points", [1, 2, 3])
def test_of_a_line_with_keypoints_the_box_alone_is_taken(tmp_path, points):
    line = "0 0.5 0.5 0.2 0.4" + " 0.9 0.1 2" * points
    write(tmp_path, line, data__yaml=f"names: [s]\ntrain: images\nkpt_shape: [{points}, 3]\n")
    (sample,) = read_yolo(tmp_path).samples
    np.testing.assert_allclose(sample.boxes, [[40, 15, 60, 35]], atol=1e-5)
    assert sample.scores.tolist() == [1]


@pytest.mark.parametrize(
    ("images", "files", "splits", "labels"),
    [
        (
            ["images/train/a.jpg", "images/val/b.jpg"],
            {"data__yaml": "train: images/train\nval: images/val\nnames: {0: s}"},
            ["train", "val"],
            ("s",),
        ),
        (
            ["train/images/a.jpg", "valid/images/b.jpg"],
            {"data__yaml": "train: ../train/images\nval: ../valid/images\nnc: 1\nnames: ['s']"},
            ["train", "val"],
            ("s",),
        ),
        (
            ["images/a.jpg", "images/b.jpg"],
            {
                "data__yaml": "path: .\ntrain: train.txt\nval: val.txt\ntest:\nnames: [s]",
                "train__txt": "./images/a.jpg\n",
                "val__txt": "images/b.jpg",
            },
            ["train", "val"],
            ("s",),
        ),
        (
            ["images/train/a.jpg", "images/b.jpg"],
            {"data__yaml": "train: [images/train, images]\nnames: [s]"},
            ["train"] * 3,
            ("s",),
        ),
        (["images/train/a.jpg", "images/test/b.jpg"], {"classes__txt": "s\n"}, ["train", "test"], ("s",)),
        (["train/images/a.jpg", "valid/images/b.jpg"], {}, ["train", "val"], ("0",)),
        (["Images/train/a.jpg", "Images/val/b.jpg"], {}, ["train", "val"], ("0",)),
        (["train/Images/a.jpg", "valid/Images/b.jpg"], {}, ["train", "val"], ("0",)),
        (
            ["train/Images/a.jpg", "valid/Images/b.jpg"],
            {"data__yaml": "train: train/Images\nval: valid/Images\nnames: [s]"},
            ["train", "val"],
            ("s",),
        ),
        (["a.jpg", "b.jpg"], {"classes__txt": "s\n"}, ["", ""], ("s",)),
        (
            ["obj_train_data/shop 0/a.jpg", "obj_train_data/b.jpg"],
            {
                "obj__data": "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\n",
                "obj__names": "s\ntea, green\n",
                "train__txt": "data/obj_train_data/shop 0/a.jpg\ndata/obj_train_data/b.jpg\n",
            },
            ["train", "train"],
            ("s", "tea, green"),
        ),
        (["images/a.jpg"], {"my__yml": "nc: 2"}, [""], ("0", "1")),
    ],
)
def test_layouts_are_recognised(tmp_path, images, files, splits, labels):
    write(tmp_path, images=images, **files)
    assert detect_format(tmp_path) == "yolo"
    dataset = read_dataset(tmp_path)
    assert [sample.split for sample in dataset.samples] == splits and dataset.labels == labels
    assert all(len(sample.boxes) == 1 for sample in dataset.samples)


def test_an_image_without_label_file_has_no_boxes_and_an_unreadable_one_no_size(tmp_path):
    write(tmp_path, images=["images/a.jpg", "images/b.jpg", "images/c.jpg"])
    (tmp_path / "labels" / "b.txt").unlink()
    (tmp_path / "images" / "c.jpg").write_bytes(b"no picture")
    dataset = read_yolo(tmp_path)
    assert [len(sample.boxes) for sample in dataset.samples] == [1, 0, 0] and dataset.samples[2].width == 0
    assert dataset.provenance["left out"] == "the labels of 1 photo that cannot be read, such as c.jpg"
    (tmp_path / "labels" / "alone.txt").write_text("0 .5 .5 .1 .1")
    (tmp_path / "images" / "b.jpg").write_bytes(b"no picture and no labels")
    told = "1 label file without an image, such as alone.txt; the labels of 1 photo"
    assert read_yolo(tmp_path).provenance["left out"].startswith(told)


def test_images_elsewhere_are_named_by_the_caller(tmp_path):
    write(tmp_path / "pictures", images=["train/a.jpg"])
    (tmp_path / "data.yaml").write_text("path: /pictures\ntrain: train\nnames: [s]")
    with pytest.raises(DatasetError, match="--images"):
        read_yolo(tmp_path)
    assert len(read_yolo(tmp_path / "data.yaml", tmp_path / "pictures").samples[0].boxes) == 1


@pytest.mark.parametrize(
    "line",
    [
        "0",
        "0 0.5",
        "0 0.5 0.5 0.1 x",
        "0 0.5 0.5 0.1 nan",
        "0 .1 .2 .3 .4 .5 .6 .7",
        "1 .5 .5 .1 .1",
        "x .5 .5 .1 .1",
    ],
)
def test_a_line_that_makes_no_sense_is_named(tmp_path, line):
    write(tmp_path, f"0 0.5 0.5 0.1 0.1\n{line}\n", data__yaml="names: [s]")
    with pytest.raises(DatasetError, match=r"a\.txt, line 2"):
        read_yolo(tmp_path)


@pytest.mark.parametrize("number", ["-1", "1e9", "99999"])
def test_a_class_number_that_would_make_endless_labels_is_refused(tmp_path, number):
    with pytest.raises(DatasetError, match=r"a\.txt, line 1"):
        read_yolo(write(tmp_path, f"{number} 0.5 0.5 0.1 0.1\n"))


BOMB = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("names: [s\n", "line 2"),
        ("names: 3\n", "names"),
        ("names: {x: s}\n", "names"),
        (f"{BOMB}names: [*j]\n", "names"),
        ("nc: many\n", "names"),
        ("nc: .inf\n", "names"),
        ("names: {.inf: s}\n", "names"),
        pytest.param("[" * 100_000, "YAML", id="deep"),
        ("names: [s]\ntrain: nowhere\n", "nowhere"),
        ("names: [s]\ntrain: /etc\n", "leads out"),
        ("names: [s]\ntrain: images/../../..\n", "leads out"),
        ("!!python/object/apply:os.system ['true']", "YAML"),
        ("names: a,b\n", "names"),
        ("names: [a, '']\n", "names"),
        ("names: [s]\ntest: gone\ntrain: images\nval: nowhere\n", "nowhere"),
    ],
)
def test_a_description_that_makes_no_sense_is_named(tmp_path, text, place):
    write(tmp_path, data__yaml=text)
    with pytest.raises(DatasetError, match=rf"data\.yaml.*{place}"):
        read_yolo(tmp_path)


def test_a_test_folder_that_is_not_there_is_left_out_beside_others(tmp_path):
    write(tmp_path, data__yaml="train: ../images\ntest: ../test/images\nnames: [s]\n")
    assert [sample.split for sample in read_yolo(tmp_path).samples] == ["train"]
    write(tmp_path, data__yaml="test: ../test/images\nnames: [s]\n")
    with pytest.raises(DatasetError, match=r"test is .*test/images"):
        read_yolo(tmp_path)


@pytest.mark.parametrize(
    "path",
    [
        "/content/shop/train/images",
        "C:\\shop\\train\\images",
        "train\\images",
        "/home/me/shop/train",
        "C:/data/shop/train/images",
        "../shop/train/images",
        "shop-1/train/images",
        "./datasets/shop/train",
        "~/datasets/shop/train/images",
    ],
)
def test_a_folder_is_found_by_the_end_of_its_path_on_another_machine(tmp_path, path):
    (tmp_path / "data.yaml").write_text(f"names: [s]\ntrain: {path}\nval: /content/shop/test/images\n")
    for place in ("train/images", "images"):
        (tmp_path / place).mkdir(parents=True)
        write_image(tmp_path / place / "a.png", np.zeros((10, 20, 3), np.uint8))
    with pytest.raises(DatasetError, match=r"val|leads out"):  # not images, which is another folder
        read_yolo(tmp_path)
    (tmp_path / "test").mkdir()
    (tmp_path / "images").rename(tmp_path / "test" / "images")
    assert [sample.split for sample in read_yolo(tmp_path).samples] == ["train", "val"]


@pytest.mark.parametrize("place", ["/content/shop/", "C:\\shop\\"])
def test_a_list_is_found_by_the_end_of_its_path_on_another_machine(tmp_path, place):
    write(tmp_path, data__yaml=f"names: [s]\nval: {place}held_out.txt", held_out__txt="images/a.jpg\n")
    assert [sample.split for sample in read_yolo(tmp_path).samples] == ["val"]


@pytest.mark.parametrize("line", ["data/images/a.jpg", "C:\\shop\\images\\a.jpg", "/shop/images/a.jpg"])
def test_a_listed_image_is_found_by_the_end_of_its_path(tmp_path, line):
    write(tmp_path, "0 .5 .5 .1 .1\n", data__yaml="names: [s]\ntrain: train.txt", train__txt=f"{line}\n")
    (sample,) = read_yolo(tmp_path).samples
    assert sample.split == "train" and len(sample.boxes) == 1


def test_a_list_of_images_cannot_lead_out(tmp_path):
    write(tmp_path, data__yaml="names: [s]\ntrain: train.txt", train__txt="images/a.jpg\n/etc/passwd\n")
    with pytest.raises(DatasetError, match=r"train\.txt, line 2"):
        read_yolo(tmp_path)


def test_huge_counts_of_classes_take_no_room(tmp_path):
    assert len(read_yolo(write(tmp_path, data__yaml="nc: 1000000000000")).labels) == 10_000


def test_class_names_are_text_whatever_else_they_could_be(tmp_path):
    names = ("0012", "No", "1.50", "7:30", "2026-11-29", ".inf")
    write(tmp_path, data__yaml=f"names: [{', '.join(names)}]\ntrain: images\n")
    assert read_yolo(tmp_path).labels == names


@pytest.mark.parametrize(
    "text",
    [
        "train: images\nval: null\ntest: ~\nnames: [s]\n",
        "train: images\nnames: ~\nnc: 1.0\n",
        "base: &base {names: [s]}\n<<: *base\ntrain: images\n",
        "train: images\nversion: 1\nnames: [s]\n",
    ],
)
def test_what_is_none_or_merged_or_a_number_in_a_description_is_no_split_and_no_class(tmp_path, text):
    (tmp_path / "1").mkdir()
    dataset = read_yolo(write(tmp_path, data__yaml=text))
    assert dataset.splits == ("train",) and len(dataset.labels) == 1


@pytest.mark.parametrize(
    "lists",
    [
        {"train__txt": "/home/me/data/a.jpg\n"},
        {"train__txt": "images/train/a.jpg\n"},
        {"val__txt": "x.jpg\n"},
    ],
)
def test_lists_that_are_not_of_all_images_here_are_left_aside(tmp_path, lists):
    write(tmp_path, images=["images/train/a.jpg", "images/val/b.jpg"], **lists)
    assert [(s.split, s.path.name, len(s.boxes)) for s in read_yolo(tmp_path).samples] == [
        ("train", "a.jpg", 1),
        ("val", "b.jpg", 1),
    ]


def test_a_blank_line_among_class_names_is_a_number_too(tmp_path):
    write(tmp_path, "2 0.5 0.5 0.2 0.4\n", classes__txt="tea\n\nsoup\n")
    (sample,) = (dataset := read_yolo(tmp_path)).samples
    assert [dataset.labels[number] for number in sample.class_ids] == ["soup"]


@pytest.mark.parametrize(
    ("images", "files"),
    [
        (["data/a.jpg", "data/b.jpg"], {"train__txt": "data/data/a.jpg\n", "valid__txt": "data/b.jpg\n"}),
        (["train/a.jpg", "valid/a.jpg"], {"classes__txt": "s\n"}),
    ],
)
def test_splits_are_known_without_a_description(tmp_path, images, files):
    dataset = read_yolo(write(tmp_path, images=images, **files))
    found = [(s.split, s.path.relative_to(tmp_path).as_posix(), len(s.boxes)) for s in dataset.samples]
    assert found == [("train", images[0], 1), ("val", images[1], 1)]


@pytest.mark.parametrize("place", [".", "train"])
def test_class_names_of_a_darknet_export_are_those_of_its_splits(tmp_path, place):
    write(tmp_path, "1 0.5 0.5 0.2 0.4\n", images=["train/a.jpg", "valid/b.jpg"])
    for split in ("train", "valid"):
        (tmp_path / split / "_darknet.labels").write_text("tea\nsoup\n")
    dataset = read_yolo(tmp_path / place)
    assert dataset.labels == ("tea", "soup") and {int(s.class_ids[0]) for s in dataset.samples} == {1}
    assert "class names" not in dataset.provenance


def test_splits_that_number_their_classes_otherwise_are_refused(tmp_path):
    write(tmp_path, images=["train/a.jpg", "valid/b.jpg"])
    (tmp_path / "train" / "_darknet.labels").write_text("tea\nsoup\n")
    (tmp_path / "valid" / "_darknet.labels").write_text("soup\ntea\n")
    with pytest.raises(DatasetError, match=r"valid/_darknet\.labels: has other class names than .*train"):
        read_yolo(tmp_path)


@pytest.mark.parametrize(
    ("labels", "files", "told"),
    [
        ("0 0.5 0.5 0.2 0.4", {}, True),
        ("0 0.5 0.5 0.2 0.4", {"data__yaml": "train: images\nnc: 1"}, True),
        ("0 0.5 0.5 0.2 0.4", {"data__yaml": "train: images\nnames: ['0']"}, False),
        ("0 0.5 0.5 0.2 0.4", {"obj__names": "0"}, False),
        ("", {}, False),  # without a box there is no class
    ],
)
def test_class_names_that_no_file_tells_are_said_to_be_numbers(tmp_path, labels, files, told):
    names = read_yolo(write(tmp_path, labels, **files)).provenance.get("class names", "")
    assert names.startswith("numbers, because no data.yaml") == told


@pytest.mark.parametrize("line", ["images/A.JPG", "elsewhere/a.jpg"])
def test_an_image_that_is_listed_at_another_place_keeps_its_boxes(tmp_path, line):
    write(tmp_path, data__yaml="names: [s]\ntrain: lists/train.txt\n")
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "train.txt").write_text(line)
    (sample,) = read_dataset(tmp_path).samples
    assert sample.path == tmp_path / "images" / "a.jpg" and len(sample.boxes) == 1


@pytest.mark.parametrize("place", ["labelTxt", "train/labelTxt", "train/labelTxt-v1.5"])
@pytest.mark.parametrize("files", [{}, {"data__yaml": "train: ../train/images\nnames: [s]\n"}])
def test_boxes_at_an_angle_are_told_with_what_to_export(tmp_path, place, files):
    write(tmp_path, images=["train/images/a.jpg"], **files)
    (tmp_path / place).mkdir()
    assert len(read_dataset(tmp_path).samples[0].boxes) == 1  # those beside them are read
    (tmp_path / "train" / "labels" / "a.txt").rename(tmp_path / place / "a.txt")
    with pytest.raises(
        DatasetError, match=f"{place}: boxes at an angle.*COCO or YOLOv8, which skushare reads"
    ):
        read_dataset(tmp_path)


@pytest.mark.parametrize("folder", ["labels", "images"])
def test_labels_without_an_image_are_told(tmp_path, folder):
    write(tmp_path, classes__txt="s\n")
    assert "left out" not in read_yolo(tmp_path).provenance
    (tmp_path / folder / "b.txt").write_text("0 0.5 0.5 0.2 0.4\n")
    (tmp_path / folder / "README.txt").write_text("8 shelves of a shop\n")
    assert read_yolo(tmp_path).provenance["left out"] == "1 label file without an image, such as b.txt"

from pathlib import Path

import numpy as np
import pytest

from skushare.dataset.dataset import Dataset, Sample
from skushare.dataset.formats import detect_format, read_dataset
from skushare.dataset.voc import read_voc, voc_files, write_voc
from skushare.errors import DatasetError
from skushare.images import write_image

BOX = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30.5</xmax><ymax>40</ymax></bndbox>"
OBJECT = f"<object><name>sku</name>{BOX}</object>"
SIZE = "<size><width>100</width><height>50</height><depth>3</depth></size>"


def write(path, objects=OBJECT, name="a.jpg", size=SIZE):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"<annotation><filename>{name}</filename>{size}{objects}</annotation>", encoding="utf-8")
    return path


def test_coordinates_are_taken_as_they_are(tmp_path):
    write(tmp_path / "a.xml")
    dataset = read_voc(tmp_path, raw=True)
    (sample,) = dataset.samples
    assert dataset.labels == ("sku",) and sample.path == tmp_path / "a.jpg"
    assert (sample.width, sample.height) == (100, 50)
    np.testing.assert_allclose(sample.boxes, [[1, 2, 30.5, 40]])


@pytest.mark.parametrize("wanted, right", [({}, 100), ({"raw": True}, 130.5)])
def test_boxes_end_at_the_border_of_their_image_unless_wanted_as_they_are(tmp_path, wanted, right):
    write(tmp_path / "a.xml", OBJECT.replace("30.5", "130.5"))
    assert read_voc(tmp_path, **wanted).samples[0].boxes.tolist() == [[1, 2, right, 40]]


@pytest.mark.parametrize(
    ("rotation", "box"),
    [
        ("90.0", [10, 0, 30, 40]),
        ("-450", [10, 0, 30, 40]),
        ("0.0", [0, 10, 40, 30]),
        ("left", [0, 10, 40, 30]),
    ],
)
def test_of_a_box_that_was_turned_in_cvat_the_one_around_it_is_taken(tmp_path, rotation, box):
    attribute = f"<attribute><name>rotation</name><value>{rotation}</value></attribute>"
    corners = "<xmin>0</xmin><ymin>10</ymin><xmax>40</xmax><ymax>30</ymax>"
    (tmp_path / "a.xml").write_text(
        "<annotation><size><width>90</width><height>90</height></size><object><name>s</name>"
        f"<bndbox>{corners}</bndbox><attributes>{attribute}</attributes></object></annotation>"
    )
    np.testing.assert_allclose(read_voc(tmp_path).samples[0].boxes, [box], atol=1e-4)


@pytest.mark.parametrize(("angle", "box"), [("1.5707963", [10, 0, 30, 40]), ("0.0", [0, 10, 40, 30])])
def test_of_a_box_that_was_turned_in_rolabelimg_the_one_around_it_is_taken(tmp_path, angle, box):
    corners = f"<cx>20</cx><cy>20</cy><w>40</w><h>20</h><angle>{angle}</angle>"
    write(tmp_path / "a.xml", f"<object><name>s</name><robndbox>{corners}</robndbox></object>")
    np.testing.assert_allclose(read_voc(tmp_path).samples[0].boxes, [box], atol=1e-4)


@pytest.mark.parametrize(("text", "ignored"), [("1", True), ("True", True), ("0", False), ("", False)])
def test_what_is_difficult_is_a_region_to_be_ignored(tmp_path, text, ignored):
    write(tmp_path / "a.xml", f"<object><name>sku</name><difficult>{text}</difficult>{BOX}</object>")
    assert read_voc(tmp_path).samples[0].ignored.tolist() == [ignored]


def test_regions_to_be_ignored_are_written_as_difficult(tmp_path):
    write_image(tmp_path / "a.png", np.zeros((50, 100, 3), np.uint8))
    sample = Sample(tmp_path / "a.png", 100, 50, [[1, 2, 30, 40], [1, 2, 9, 9]], scores=[0, 1])
    (tmp_path / "out").mkdir()
    write_voc(Dataset("shop", (sample,), ("sku",)), tmp_path / "out")
    text = (tmp_path / "out" / "Annotations" / "a.xml").read_text()
    marks = [text.count(f"<difficult>{mark}</difficult>") for mark in (0, 1)]
    assert marks == [1, 1] and "<score>" not in text


@pytest.mark.parametrize(
    ("files", "splits"),
    [
        (["Annotations/a.xml"], [""]),
        (["annotations/a.xml"], [""]),
        (["a.xml"], [""]),
        (["valid/b.xml", "train/a.xml"], ["train", "val"]),
        (["images/test/b.xml", "images/train/a.xml"], ["train", "test"]),  # TF's tutorial
        (["shop1/a.xml", "shop2/b.xml"], ["shop1", "shop2"]),
        (["xml/a.xml", "xml/b.xml"], ["", ""]),
        (["VOCdevkit/VOC2007/Annotations/a.xml"], [""]),
        (["Annotations/shop 0/Regal S\u00fcd/a.xml", "Annotations/shop 1/a.xml"], ["", ""]),
        (["Annotations/val/shop/a.xml", "Annotations/train/b.xml"], ["train", "val"]),
        (["Annotations/a.xml", "Annotations/old/a.xml", "Annotations/.trash/b.xml"], [""]),
        (["Annotations/a.xml", "Annotations/shop/b.xml"], ["", ""]),
        (["valid/Annotations/b.xml", "train/Annotations/a.xml"], ["train", "val"]),
        (["annotations/shop/a.xml", "annotations/shop/._a.xml", "annotations/.trash/b.xml"], [""]),
    ],
)
def test_layouts_are_recognised(tmp_path, files, splits):
    for file in files:
        write(tmp_path / file)
    assert detect_format(tmp_path) == "voc"
    assert [sample.split for sample in read_dataset(tmp_path).samples] == splits


@pytest.mark.parametrize("place", ["a", "shop 1/a"])
def test_labels_and_data_of_fiftyone_belong_together_by_their_subfolders(tmp_path, place):
    for name in (place, "shop 2/a"):
        write(tmp_path / "labels" / f"{name}.xml")
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / f"{name}.jpg").touch()
    found = {sample.path for sample in read_dataset(tmp_path).samples}
    assert tmp_path / "data" / f"{place}.jpg" in found


def test_labels_in_a_subfolder_that_have_a_picture_of_their_own_are_no_copies(tmp_path):
    for place in ("a", "shop/a"):
        write(tmp_path / "Annotations" / f"{place}.xml")
        (tmp_path / "JPEGImages" / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "JPEGImages" / f"{place}.jpg").touch()
    found = [sample.path for sample in read_dataset(tmp_path).samples]
    assert found == [tmp_path / "JPEGImages" / "a.jpg", tmp_path / "JPEGImages" / "shop" / "a.jpg"]


def test_each_folder_of_a_split_has_its_own_pictures_and_lists(tmp_path):
    for split in ("train", "val"):
        write(tmp_path / split / "Annotations" / "shop" / "a.xml")
        (tmp_path / split / "JPEGImages" / "shop").mkdir(parents=True)
        (tmp_path / split / "JPEGImages" / "shop" / "a.jpg").touch()
        (tmp_path / split / "ImageSets" / "Main").mkdir(parents=True)
        (tmp_path / split / "ImageSets" / "Main" / "default.txt").write_text("shop/a\n")
    found = [(sample.split, sample.path) for sample in read_dataset(tmp_path).samples]
    assert found == [(s, tmp_path / s / "JPEGImages" / "shop" / "a.jpg") for s in ("train", "val")]


def test_another_xml_file_in_a_folder_of_labels_is_no_annotation(tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "note.xml").write_text("<project/>")
    assert voc_files(tmp_path) == []


def test_lists_give_splits_and_an_image_in_two_of_them_is_in_both(tmp_path):
    for stem in "abcd":
        write(tmp_path / "Annotations" / f"{stem}.xml", name=f"{stem}.jpg")
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\nb\n")
    (lists / "val.txt").write_text("b\r\n\r\nc\r\n")
    (lists / "trainval.txt").write_text("a\nb\nc\n")  # a union is no split
    (lists / "sku_train.txt").write_text("a  1\nb -1\n")  # nor is the list of one class
    found = [(split, path.stem) for split, path in voc_files(tmp_path)]
    assert found == [("train", "a"), ("train", "b"), ("val", "b"), ("val", "c"), ("", "d")]
    (lists / "val.txt").write_text("gone\n")
    with pytest.raises(DatasetError, match=r"val\.txt.*gone"):
        read_voc(tmp_path)


@pytest.mark.parametrize("images", [None, "photos"])
def test_pictures_in_subfolders_are_found_though_they_have_one_name(tmp_path, images):
    places = ["a/1", "a/a/1", "shop 0/Regal S\u00fcd/1", "1", "shop 1/1"]
    names = ["a/1.jpg", "1.jpg", "shop 0/Regal S\u00fcd/1.jpg", "1.jpg", "shop 1\\1.jpg"]
    home = tmp_path / (images or "JPEGImages")
    for place, name in zip(places, names, strict=True):
        write(tmp_path / "Annotations" / f"{place}.xml", name=name)
        (home / place).parent.mkdir(parents=True, exist_ok=True)
        (home / f"{place}.jpg").touch()
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "default.txt").write_text("\n".join(places), encoding="utf-8")
    dataset = read_dataset(tmp_path, images and tmp_path / images)
    assert [sample.path for sample in dataset.samples] == [home / f"{place}.jpg" for place in places]
    assert dataset.splits == ("default",)
    (lists / "default.txt").rename(lists / "val.txt")
    (lists / "train.txt").write_text("1\nshop 1/1\n")
    found = [(split, path.relative_to(tmp_path / "Annotations")) for split, path in voc_files(tmp_path)]
    assert found == [("train", Path(f"{place}.xml")) for place in ("1", "shop 1/1")] + [
        ("val", Path(f"{place}.xml")) for place in places
    ]


def test_a_picture_that_has_another_annotation_is_not_taken_for_one_in_a_folder(tmp_path):
    for place in ("1", "shop/1"):
        write(tmp_path / "Annotations" / f"{place}.xml", name=f"{place}.jpg")
    (tmp_path / "ImageSets" / "Main").mkdir(parents=True)
    (tmp_path / "ImageSets" / "Main" / "default.txt").write_text("1\nshop/1\n")
    (tmp_path / "JPEGImages").mkdir()
    (tmp_path / "JPEGImages" / "1.jpg").touch()
    assert [sample.path.is_file() for sample in read_dataset(tmp_path).samples] == [True, False]


@pytest.mark.parametrize(
    ("names", "photos", "found"),
    [
        pytest.param("0 0 0", "0 1 2", "0 1 2", id="copies of one file"),
        pytest.param("9 9 9", "0 1 2 9", "0 1 2", id="copies of a file that is not here"),
        pytest.param("9 9 9", "0 1 9", "0 1 9", id="one without a picture of its own"),
        pytest.param("1 2 0", "0 1 2", "1 2 0", id="names of their own count"),
    ],
)
def test_of_labels_that_name_one_photo_each_is_of_its_own_stem(tmp_path, names, photos, found):
    for place, name in enumerate(names.split()):
        write(tmp_path / f"{place}.xml", name=f"{name}.jpg")
    for name in photos.split():
        (tmp_path / f"{name}.jpg").touch()
    assert [sample.path.stem for sample in read_dataset(tmp_path).samples] == found.split()


def test_two_labels_of_one_photo_are_refused(tmp_path):
    for name in "ab":
        write(tmp_path / f"{name}.xml")
    assert len(read_voc(tmp_path)) == 2  # it is not here
    (tmp_path / "a.jpg").touch()
    with pytest.raises(DatasetError, match=r"b\.xml: labels a\.jpg as a\.xml does; correct"):
        read_voc(tmp_path)


def test_pictures_beside_the_annotations_folder_need_no_subfolder(tmp_path):
    write(tmp_path / "annotations" / "xmls" / "a.xml")
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").touch()
    assert read_dataset(tmp_path).samples[0].path == tmp_path / "images" / "a.jpg"


@pytest.mark.parametrize("name", ["other.jpg", "C:\\photos\\other.jpg", ""])
def test_a_renamed_image_is_found_by_the_name_of_its_annotation(tmp_path, name):
    write(tmp_path / "Annotations" / "a.xml", name=name)
    (tmp_path / "JPEGImages").mkdir()
    (tmp_path / "JPEGImages" / "a.JPG").touch()
    assert read_voc(tmp_path).samples[0].path == tmp_path / "JPEGImages" / "a.JPG"


@pytest.mark.parametrize("size", ["", "<size><width>0</width><height>0</height></size>"])
def test_a_size_that_labels_lack_is_the_pictures(tmp_path, size):
    write(tmp_path / "a.xml", size=size)
    write_image(tmp_path / "a.jpg", np.zeros((20, 60, 3), np.uint8))
    assert (read_voc(tmp_path).samples[0].width, read_voc(tmp_path).samples[0].height) == (60, 20)
    (tmp_path / "a.jpg").unlink()
    assert read_voc(tmp_path).samples[0].width == 0


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "XML"),
        ("<annotation>", "XML"),
        ("<html></html>", "html"),
        ("<annotation><object/></annotation>", "object 1: has no xmin"),
        (f"<annotation><object>{BOX}</object></annotation>", "object 1: has no name"),
        ("<annotation><object><polygon><pt/></polygon></object></annotation>", "LabelMe 3.0.*COCO 1.0"),
        ("<annotation><object><robndbox/></object></annotation>", "object 1: has no cx"),
        (f"<annotation><object><name/>{BOX}</object></annotation>", "object 1: its name"),
        (f"<annotation>{OBJECT}{OBJECT.replace('30.5', 'wide')}</annotation>", "object 2: .*wide"),
        (f"<annotation>{OBJECT.replace('30.5', 'nan')}</annotation>", "object 1: .*nan"),
        (f"<annotation>{OBJECT.replace('30.5', '1e300')}</annotation>", "pixels"),
        ("<annotation><size><width>wide</width></size></annotation>", "wide"),
        ("<annotation><filename>..</filename></annotation>", "leads out"),
        ("<!DOCTYPE a [<!ENTITY b 'bomb'>]><annotation>&b;</annotation>", "document type"),
        (
            '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><annotation>&b;</annotation>',
            "document type",
        ),
        pytest.param("<annotation>" + "<a>" * 20_000, "XML", id="deep"),
    ],
)
def test_an_annotation_that_makes_no_sense_is_named(tmp_path, text, place):
    (tmp_path / "bad.xml").write_text(text)
    with pytest.raises(DatasetError, match=rf"bad\.xml.*{place}"):
        read_voc(tmp_path / "bad.xml")


def test_a_name_that_xml_cannot_hold_is_refused(tmp_path):
    (tmp_path / "a.jpg").touch()
    sample = Sample(tmp_path / "a.jpg", 9, 9, [[0, 0, 0, 0]])
    (tmp_path / "out").mkdir()
    with pytest.raises(DatasetError, match="XML"):
        write_voc(Dataset("d", (sample,), ("bell\a",)), tmp_path / "out")


@pytest.mark.parametrize("name", ["../a.jpg", "/home/me/shop/a.jpg", "C:\\shop\\a.jpg"])
def test_of_a_place_on_another_computer_the_file_s_own_name_counts(tmp_path, name):
    (tmp_path / "bad.xml").write_text(f"<annotation><filename>{name}</filename></annotation>")
    assert read_voc(tmp_path).samples[0].path == tmp_path / "a.jpg"

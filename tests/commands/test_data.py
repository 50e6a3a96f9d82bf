import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from skushare.cli import main
from skushare.dataset.formats import read_dataset
from skushare.detections import Detections
from skushare.images import write_image


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A COCO folder with two splits, in which one box is outside of its image and one sticks out."""
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    folder = tmp_path / "my shelves"
    (folder / "images").mkdir(parents=True)
    for split in ("train", "val"):
        write_image(folder / "images" / f"{split}.png", np.zeros((50, 100, 3), np.uint8))
        boxes = [[10, 10, 20, 20], [90, 10, 20, 20], [200, 10, 20, 20]]
        content = {
            "images": [{"id": 1, "file_name": f"{split}.png", "width": 100, "height": 50}],
            "annotations": [
                {"id": i, "image_id": 1, "category_id": 1, "bbox": box} for i, box in enumerate(boxes)
            ],
            "categories": [{"id": 1, "name": "soup"}],
        }
        (folder / f"{split}.json").write_text(json.dumps(content))
    return folder


def test_an_imported_dataset_has_a_name_everywhere_and_keeps_its_wrong_boxes(source, capsys):
    assert main(["data", "import", str(source)]) == 0
    assert "train 1, val 1" in capsys.readouterr().out
    assert len(read_dataset("my-shelves@train", raw=True).samples[0].boxes) == 3
    assert len(read_dataset("my-shelves@train").samples[0].boxes) == 2
    assert main(["data", "list"]) == 0
    assert "my-shelves" in capsys.readouterr().out
    assert main(["data", "import", str(source)]) == 2
    assert "taken" in capsys.readouterr().err


def test_one_image_is_told_as_one(source, tmp_path, capsys):
    assert main(["data", "convert", f"{source}@train", str(tmp_path / "out"), "--to", "yolo"]) == 0
    assert "1 image (train 1), 2 boxes" in capsys.readouterr().out


def test_images_stay_in_place_when_asked(source, tmp_path):
    assert main(["data", "import", str(source), "--name", "here", "--in-place"]) == 0
    assert read_dataset("here").samples[0].path == source / "images" / "train.png"


def test_a_zip_is_stored_as_its_folder_would_be(source, tmp_path, capsys):
    zipped = Path(shutil.make_archive(tmp_path / "from a tool", "zip", tmp_path, source.name))
    assert main(["data", "import", str(zipped)]) == 0
    assert "train 1, val 1" in capsys.readouterr().out
    assert len(read_dataset("from-a-tool@train", raw=True).samples[0].boxes) == 3
    assert main(["data", "import", str(zipped), "--in-place"]) == 2
    assert "unpack it" in capsys.readouterr().err
    assert main(["data", "convert", str(zipped), str(tmp_path / "out"), "--to", "voc"]) == 2
    assert "skushare data import" in capsys.readouterr().err
    zipped.write_bytes(zipped.read_bytes()[:200])
    assert main(["data", "import", str(zipped), "--name", "half"]) == 2
    assert zipped.name in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    [
        "C:\\photos\\{}",
        "/home/me/{}",
        "../../data/local-files/?d=shop/{}",
        "data/obj/{}",
        "http://x/%54RAIN.png?token=1",
    ],
)
def test_photos_are_found_by_their_own_name_where_labels_name_another_place(source, name):
    labels = source / "train.json"
    content = json.loads(labels.read_text())
    content["images"][0]["file_name"] = name.format("TRAIN.png")
    labels.write_text(json.dumps(content))
    (sample,) = read_dataset(source).only("train").samples
    assert sample.path == source / "images" / "train.png"
    (source / "other").mkdir()
    (source / "other" / "train.png").write_bytes(b"")  # now the name does not tell which
    assert not read_dataset(source).only("train").samples[0].path.is_file()


def test_photos_that_are_not_there_are_told_and_without_any_nothing_is_stored(source, tmp_path, capsys):
    (source / "images" / "val.png").unlink()
    assert main(["data", "import", str(source), "--name", "half"]) == 0
    assert "1 of 2 photos were not found" in capsys.readouterr().out
    (source / "images" / "train.png").unlink()
    zipped = Path(shutil.make_archive(tmp_path / "labels", "zip", tmp_path, source.name))
    for given, remedy in ((source, "--images"), (zipped, "labels.zip must have them")):
        assert main(["data", "import", str(given), "--name", "none"]) == 2
        told = capsys.readouterr().err
        assert "none of the 2 photos is there" in told and remedy in told
    assert [line.split()[0] for line in lists(capsys)] == ["half"]


def test_class_names_that_are_not_there_are_told(source, tmp_path, capsys):
    main(["data", "convert", str(source), str(tmp_path / "yolo"), "--to", "yolo"])
    (tmp_path / "yolo" / "data.yaml").unlink()
    zipped = shutil.make_archive(tmp_path / "yolo", "zip", tmp_path / "yolo")
    for number, given in enumerate((str(tmp_path / "yolo"), zipped)):
        capsys.readouterr()
        assert main(["data", "import", given, "--name", f"yolo{number}"]) == 0
        assert "class names are numbers, because no data.yaml" in capsys.readouterr().out


def lists(capsys):
    main(["data", "list"])
    return capsys.readouterr().out.splitlines()[1:]


@pytest.mark.parametrize("format", ["voc", "coco", "yolo", "csv", "tfrecord"])
def test_a_dataset_is_converted_with_splits_and_images_and_without_wrong_boxes(
    source, tmp_path, capsys, format
):
    assert main(["data", "convert", str(source), str(tmp_path / "out"), "--to", format]) == 0
    assert "left out 2 boxes" in capsys.readouterr().out
    found = read_dataset(tmp_path / "out", raw=True)
    assert found.splits == ("train", "val")
    for sample in found.samples:
        np.testing.assert_allclose(sample.boxes, [[10, 10, 30, 30], [90, 10, 100, 30]], atol=1e-4)
        assert sample.path.read_bytes() == (source / "images" / "train.png").read_bytes()


@pytest.mark.parametrize(("format", "kept"), [("voc", [False, True]), ("yolo", [False])])
def test_regions_to_be_ignored_are_told_and_kept_where_the_format_can(source, tmp_path, capsys, format, kept):
    content = json.loads((source / "train.json").read_text())
    content["annotations"][1]["iscrowd"] = 1
    (source / "train.json").write_text(json.dumps(content))
    assert main(["data", "convert", str(source), str(tmp_path / "out"), "--to", format]) == 0
    told = capsys.readouterr().out
    assert "4 boxes, 1 of them regions to be ignored" in told
    assert ("left out 1 region to be ignored" in told) == (format == "yolo")
    assert read_dataset(f"{tmp_path / 'out'}@train").samples[0].ignored.tolist() == kept


def test_images_in_another_folder_are_named(source, tmp_path, capsys):
    (source / "images").rename(tmp_path / "elsewhere")
    arguments = ["data", "convert", str(source), str(tmp_path / "out"), "--to", "yolo"]
    assert main(arguments) == 2
    assert "--images" in capsys.readouterr().err and not (tmp_path / "out").exists()
    assert main([*arguments, "--images", str(tmp_path / "elsewhere")]) == 0


def test_a_damaged_dataset_does_not_hide_the_others(source, tmp_path, capsys):
    main(["data", "import", str(source), "--name", "good"])
    main(["data", "import", str(source), "--name", "bad"])
    (tmp_path / "workspace" / "datasets" / "bad" / "dataset.json").write_text("{")
    capsys.readouterr()
    assert main(["data", "list"]) == 0
    assert "good" in (text := capsys.readouterr().out) and "damaged" in text


def test_a_stored_dataset_is_deleted_and_photos_left_in_place_stay(source, capsys):
    main(["data", "import", str(source), "--name", "here", "--in-place"])
    main(["data", "import", str(source), "--name", "copied"])
    assert main(["data", "delete", "here"]) == 0
    assert [line.split()[0] for line in lists(capsys)[-1:]] == ["copied"]
    assert (source / "images" / "train.png").is_file()
    assert main(["data", "delete", "here"]) == 2
    assert "copied" in capsys.readouterr().err


def test_labelling_photos_without_labels_tells_the_option_for_it(source, tmp_path, capsys):
    assert main(["data", "label", str(source / "images"), str(tmp_path / "out")]) == 2
    assert "photos without labels need --photos" in capsys.readouterr().err


def test_a_photo_that_cannot_be_read_is_named_and_the_rest_is_labelled(source, tmp_path, monkeypatch, capsys):
    class Model:
        name, labels, min_score = "made", ("facing",), 0.5

        def detect(self, image, min_score):
            return Detections([[10, 10, 30, 30]], [0.9], [0])

    monkeypatch.setattr("skushare.detector.runtime.Detector.load", lambda model: Model())
    (source / "images" / "cut.png").write_bytes(b"no picture")
    assert main(["data", "label", str(source / "images"), str(tmp_path / "out"), "--photos"]) == 1
    told = capsys.readouterr()
    assert "cut.png" in told.err and "2 images" in told.out
    assert len(read_dataset(tmp_path / "out")) == 2
    assert main(["data", "label", str(source), str(tmp_path / "brands")]) == 0
    assert read_dataset(tmp_path / "brands").labels == ("soup",)


@pytest.mark.parametrize("command", [["label"], ["convert", "--to", "voc"]])
def test_a_folder_that_is_there_already_is_told_before_the_work(
    source, tmp_path, capsys, monkeypatch, command
):
    monkeypatch.setattr("skushare.dataset.formats.read_dataset", lambda *_, **__: pytest.fail("too late"))
    assert main(["data", command[0], str(source), str(source), *command[1:]]) == 2
    assert "exists already" in capsys.readouterr().err


def test_a_converted_dataset_without_boxes_is_told(source, tmp_path, capsys):
    for split in ("train", "val"):
        content = json.loads((source / f"{split}.json").read_text())
        (source / f"{split}.json").write_text(json.dumps(content | {"annotations": []}))
    assert main(["data", "convert", str(source), str(tmp_path / "out"), "--to", "voc"]) == 0
    assert "it has no boxes" in capsys.readouterr().out


def test_an_empty_store_is_told(source, capsys):
    assert main(["data", "list"]) == 0
    assert "skushare data import" in capsys.readouterr().out


def test_the_modules_that_pages_import_do_without_tensorflow():
    import subprocess
    import sys

    code = (
        "import sys, skushare.dataset.formats; sys.exit(bool({'tensorflow', 'keras'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

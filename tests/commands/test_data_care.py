import io
import json
import sys

import cv2
import numpy as np
import pandas as pd
import pytest

from skushare.cli import main
from skushare.commands.data_care import KINDS, SHOWN
from skushare.dataset import store
from skushare.dataset.formats import read_dataset
from skushare.dataset.health import CHECKS
from skushare.images import write_image


def picture(seed):
    noise = np.random.default_rng(seed).integers(0, 255, (5, 9, 3), np.uint8)
    return cv2.resize(noise, (100, 50), interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A COCO folder: four pictures to train on, one of them without boxes, and a validation picture.

    One box is drawn twice, one sticks out.
    """
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    folder = tmp_path / "shop"
    (folder / "images").mkdir(parents=True)
    for split, count in (("train", 4), ("val", 1)):
        images, annotations = [], []
        for number in range(count):
            name = f"{split}_{number}.png"
            write_image(folder / "images" / name, picture(len(images) + 10 * count))
            images.append({"id": number, "file_name": name, "width": 100, "height": 50})
            boxes = [] if name == "train_3.png" else [[10, 10, 20, 20]]
            if name == "train_0.png":
                boxes += [[10, 10, 20, 20], [90, 10, 20, 20]]
            annotations += [{"image_id": number, "category_id": 1, "bbox": box} for box in boxes]
        content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "soup"}]}
        (folder / f"{split}.json").write_text(json.dumps(content))
    return folder


def run(capsys, *arguments):
    status = main(["data", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_kinds_are_those_of_the_checks():
    assert tuple(CHECKS) == KINDS


def test_stats_tell_and_write_tables(source, tmp_path, capsys):
    status, out, _ = run(capsys, "stats", source, "--csv", tmp_path / "tables")
    assert status == 0 and "soup" in out and "shelf_dense" in out
    assert out.endswith(f"{tmp_path / 'tables'}: 8 tables\n")
    assert len(pd.read_csv(tmp_path / "tables" / "caps.csv")) == 6


@pytest.mark.parametrize(
    ("action", "target"), [("stats", "file"), ("check", "folder"), ("check", "no/a.csv")]
)
def test_tables_that_cannot_be_written_are_told_before_the_work(tmp_path, capsys, action, target):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    status, told, error = run(capsys, action, "no-such-dataset", "--csv", tmp_path / target)
    assert (status, told) == (2, "") and str((tmp_path / target).parent) in error


def test_check_names_every_fault_and_its_fix(source, tmp_path, capsys):
    (source / "images" / "train_2.png").unlink()
    status, out, _ = run(capsys, "check", source, "--csv", tmp_path / "faults.csv")
    assert status == 1
    for text in (
        "1 box is drawn twice",
        "train_0.png, box 1: the same as box 0",
        "--fix outside",
        "no such file",
    ):
        assert text in out
    assert out.endswith(f"{tmp_path / 'faults.csv'}: 4 places\n")
    table = pd.read_csv(tmp_path / "faults.csv")
    assert table["kind"].tolist() == ["damaged", "outside", "duplicates", "empty"]
    assert table["box"].tolist()[1:3] == [2, 1]


def test_a_sound_dataset_passes(source, capsys):
    assert run(capsys, "check", f"{source}@val") == (
        0,
        "shop@val: 1 picture with 1 box\nnothing is wrong\n",
        "",
    )


def test_many_places_are_cut_and_hostile_names_do_not_steer_the_terminal(source, capsys):
    content = json.loads((source / "train.json").read_text())
    content["categories"] = [{"id": 1, "name": "soup"}]
    content["images"] = [
        {"id": i, "file_name": f"\x1b[2Jlost_{i}.png", "width": 9, "height": 9} for i in range(SHOWN + 5)
    ]
    content["annotations"] = []
    (source / "train.json").write_text(json.dumps(content))
    status, out, _ = run(capsys, "check", source)
    assert status == 1 and "and 5 more" in out and "\x1b" not in out


def test_fixes_of_a_folder_are_written_elsewhere_in_its_format(source, tmp_path, capsys):
    status, out, _ = run(
        capsys, "check", source, "--fix", "duplicates", "empty", "--out", tmp_path / "mended"
    )
    assert status == 1 and "left: 1 box reaches out of its picture (outside)" in out
    assert f"{tmp_path / 'mended'}: 4 pictures with 5 boxes\n" in out
    mended = read_dataset(tmp_path / "mended", raw=True)
    assert (tmp_path / "mended" / "train.json").exists() and len(mended) == 4
    assert len(mended.samples[0].boxes) == 2
    status, out, _ = run(capsys, "check", tmp_path / "mended", "--fix", "all", "--out", tmp_path / "all")
    assert status == 0 and "left" not in out
    assert run(capsys, "check", tmp_path / "all")[0] == 0
    assert len(read_dataset(source, raw=True)) == 5  # as it was


def test_what_is_fixed_of_a_stored_dataset_is_written_as_coco_whatever_a_folder_of_its_name_holds(
    source, tmp_path, monkeypatch, capsys
):
    run(capsys, "import", source)
    monkeypatch.chdir(tmp_path / "workspace")
    (tmp_path / "workspace" / "shop").mkdir()
    run(capsys, "check", "shop", "--fix", "all", "--out", tmp_path / "mended")
    assert (tmp_path / "mended" / "train.json").is_file()


def test_fixes_of_a_stored_dataset_can_be_undone(source, capsys):
    assert run(capsys, "import", source)[0] == 0
    status, out, _ = run(capsys, "check", "shop", "--fix", "all")
    assert status == 0 and "5 pictures with 6 boxes became 4 pictures with 5 boxes" in out
    assert run(capsys, "check", "shop")[0] == 0
    edit = store.history("shop").done[-1]
    assert "fixed all" in edit.reason
    store.undo("shop", edit)
    assert run(capsys, "check", "shop")[0] == 1


def test_where_nothing_is_to_be_fixed_a_stored_dataset_stays_as_it_was(source, tmp_path, capsys):
    run(capsys, "import", source)
    run(capsys, "check", "shop", "--fix", "all")
    run(capsys, "rename", "shop", "soup=tin")
    store.undo("shop", store.history("shop").done[-1])
    before = store.history("shop")
    status, out, _ = run(capsys, "check", "shop", "--fix", "all")
    assert status == 0 and "nothing to fix" in out and store.history("shop") == before
    status, out, _ = run(capsys, "check", "shop", "--fix", "all", "--out", tmp_path / "same")
    assert status == 0 and len(read_dataset(tmp_path / "same")) == 4


@pytest.mark.parametrize("command", [["check", "--fix", "all"], ["split"]])
def test_without_a_place_to_write_to_nothing_is_begun(source, tmp_path, capsys, command):
    run(capsys, "import", source)
    for name in (source, "shop@train"):
        status, _, err = run(capsys, command[0], name, *command[1:])
        assert status == 2 and "--out" in err
    status, _, err = run(capsys, command[0], source, *command[1:], "--out", tmp_path)
    assert status == 2 and "exists already" in err
    assert len(store.open_dataset("shop")) == 5


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["check", "shop", "--out", "out"], "--out and --to are for what --fix gives"),
        (["check", "shop", "--to", "voc"], "--out and --to are for what --fix gives"),
        (["check", "shop", "--fix", "all", "--to", "voc"], "--to: is the format of what --out names"),
        (["split", "shop", "--to", "voc"], "--to: is the format of what --out names"),
        (["rename", "shop", "soup=tin", "--to", "voc"], "--to: is the format of what --out names"),
    ],
)
def test_where_nothing_would_be_written_to_say_where_or_how_is_refused(source, capsys, arguments, told):
    run(capsys, "import", source)
    before = store.history("shop")
    status, _, err = run(capsys, *arguments)
    assert status == 2 and told in err and store.history("shop") == before


def test_rename_changes_class_names_in_place_or_elsewhere(source, tmp_path, capsys):
    status, out, _ = run(capsys, "rename", source, "soup=Soup", "--out", tmp_path / "renamed")
    assert status == 0 and "Soup" in out and read_dataset(tmp_path / "renamed").labels == ("Soup",)
    run(capsys, "import", source)
    assert run(capsys, "rename", "shop", "soup=tin=can")[0] == 0
    assert store.open_dataset("shop").labels == ("tin=can",)
    assert "soup is tin=can" in store.history("shop").done[-1].reason
    status, _, err = run(capsys, "rename", "shop", "soup=x")
    assert status == 2 and "no class called 'soup'; there are: tin=can" in err
    assert run(capsys, "rename", source, "soup=x")[0] == 2  # and no --out
    with pytest.raises(SystemExit):
        main(["data", "rename", "shop", "soup"])
    assert "as in OLD=NEW" in capsys.readouterr().err
    for old, new in (("tin=can", "=1+1"), ("=1+1", "b=c"), ("b=c", "jar")):
        assert run(capsys, "rename", "shop", f"{old}={new}")[0] == 0
        assert store.open_dataset("shop").labels == (new,)


@pytest.mark.parametrize("command", [["split"], ["check", "--fix", "outside"], ["rename", "soup=Soup"]])
@pytest.mark.parametrize("format", ["yolo", "voc"])
def test_regions_to_be_ignored_that_a_format_cannot_mark_are_told(source, tmp_path, capsys, command, format):
    content = json.loads((source / "train.json").read_text())
    content["annotations"][0]["iscrowd"] = 1
    (source / "train.json").write_text(json.dumps(content))
    name, *rest = command
    _, out, _ = run(capsys, name, source, *rest, "--to", format, "--out", tmp_path / "out")
    assert ("left out 1 region to be ignored, which yolo" in out) == (format == "yolo")


@pytest.mark.parametrize(
    "arguments", [("split", "--shares", "train=80", "val=10", "train=10"), ("rename", "facing=a", "facing=b")]
)
def test_what_is_given_twice_is_refused(source, tmp_path, capsys, arguments):
    command, *options = arguments
    status, _, told = run(capsys, command, source, *options, "--out", tmp_path / "out")
    assert status == 2 and told.endswith("is given twice; give it once\n")
    assert not (tmp_path / "out").exists()


def test_split_deals_a_dataset_out_anew(source, tmp_path, capsys):
    options = ["--shares", "train=60", "holdout=40", "--to", "yolo", "--out", tmp_path / "parted"]
    status, out, _ = run(capsys, "split", source, *options)
    assert status == 0 and "holdout" in out
    parted = read_dataset(tmp_path / "parted")
    assert run(capsys, "split", f"{tmp_path / 'parted'}@train", "--out", tmp_path / "anew")[0] == 0
    assert (tmp_path / "anew" / "data.yaml").is_file()  # in the format of the source
    assert sorted(s.split for s in parted.samples) == ["holdout"] * 2 + ["train"] * 3
    run(capsys, "import", source)
    assert run(capsys, "split", "shop", "--seed", "3")[0] == 0
    assert set(store.open_dataset("shop").splits) == {"train", "val", "test"}
    assert run(capsys, "split", "shop", "--shares", "train=3", "val=1", "test=0")[0] == 0
    assert set(store.open_dataset("shop").splits) == {"train", "val"}
    assert run(capsys, "split", "shop", "--series", "--shares", "a=1", "b=1")[0] == 0
    assert sorted(len(store.open_dataset("shop").only(split)) for split in ("a", "b")) == [1, 4]  # by name


@pytest.mark.parametrize(
    ("shares", "got"), [(["train=0"], "train=0"), (["train=1", "val=-1"], "train=1, val=-1")]
)
def test_impossible_shares_are_refused(source, tmp_path, capsys, shares, got):
    status, _, error = run(capsys, "split", source, "--shares", *shares, "--out", tmp_path / "parted")
    assert status == 2 and f"must be 0 or more, and one above 0, got {got}" in error


@pytest.mark.parametrize(
    ("option", "value", "told"), [("--shares", "train", "as in train=80"), ("--seed", "-1", "at least 0")]
)
def test_a_wrong_share_or_seed_is_explained(source, capsys, option, value, told):
    with pytest.raises(SystemExit):
        main(["data", "split", str(source), option, value])
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(("answer", "word"), [(None, "--accept-licence"), ("no\n", "not agreed")])
def test_nothing_is_downloaded_before_the_licence_is_agreed_to(tmp_path, capsys, monkeypatch, answer, word):
    stdin = io.StringIO(answer)
    stdin.isatty = lambda: answer is not None
    monkeypatch.setattr(sys, "stdin", stdin)
    status, out, err = run(
        capsys, "download", "sku110k", "--out", tmp_path / "new", "--url", "http://127.0.0.1:9"
    )
    assert status == 2 and "non-commercial" in out and word in err
    assert not (tmp_path / "new").exists()


def test_a_download_ends_with_what_to_do_next(tmp_path, capsys, monkeypatch):
    from skushare.dataset import download

    def stub(source, folder, sha256, keep, progress):
        progress("download", 1, 2)
        return download.Download(folder / "set", "abc", ("1 of 2 train pictures",) if keep else ())

    monkeypatch.setattr(download, "download", stub)
    status, out, _ = run(capsys, "download", "sku110k", "--accept-licence", "--out", tmp_path)
    assert status == 0 and "abc" in out and f"skushare data stats {tmp_path / 'set'}" in out
    status, _, err = run(capsys, "download", "sku110k", "--accept-licence", "--keep")
    assert status == 1 and "only 1 of 2 train pictures" in err

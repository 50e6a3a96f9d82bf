"""`skushare gallery` and `skushare detect --gallery`, on the shipped networks and a drawn shelf."""

import hashlib
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from skushare.brands import teaching
from skushare.brands.brand_map import read_brand_map
from skushare.brands.gallery import GalleryError
from skushare.brands.gallery_files import read_gallery, write_gallery
from skushare.brands.library import open_gallery, save_gallery
from skushare.brands.recognition import example_picture
from skushare.cli import main
from skushare.commands.common import open_brands
from skushare.database import pictures
from skushare.samples import DEMO_GALLERY, FOLDER

pytestmark = pytest.mark.usefixtures("sqlite")


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    return status, capsys.readouterr()


def test_a_gallery_goes_in_is_listed_and_comes_out_the_same(tmp_path, capsys):
    assert run(capsys, "gallery", "import", DEMO_GALLERY, "--name", "demo")[0] == 0
    assert "demo  version 1" in run(capsys, "gallery", "list")[1].out
    assert run(capsys, "gallery", "export", "demo", tmp_path / "out.zip")[0] == 0
    status, told = run(capsys, "gallery", "import", tmp_path / "out.zip")
    assert status == 0 and "demo: version 1, 25 products of 18 brands" in told.out  # nothing new


def test_no_path_is_not_this_folder(tmp_path, capsys, monkeypatch):
    write_gallery(read_gallery(DEMO_GALLERY), tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    assert run(capsys, "gallery", "import", "")[0] == 2


def test_that_there_are_no_galleries_is_said_and_what_makes_one(capsys):
    assert run(capsys, "gallery", "list")[1].out.startswith("no galleries yet; the Teach page")
    status, told = run(capsys, "gallery", "export", "demo", "demo.zip")
    assert status == 2 and "no gallery 'demo'; the Teach page or skushare gallery import makes" in told.err


def test_brand_maps_are_listed_after_the_galleries(tmp_path, capsys):
    (tmp_path / "packs.csv").write_text("label,brand,own\ncan,Cola,yes\nbottle,Cola,\n")
    save_gallery(replace(read_gallery(DEMO_GALLERY), name="demo"))
    save_gallery(read_brand_map(tmp_path / "packs.csv"))
    gallery, brand_map = run(capsys, "gallery", "list")[1].out.splitlines()
    assert gallery.startswith("demo  version 1 ")
    assert brand_map.startswith("packs (brand map)  version 1 ") and "2 products of 1 brand" in brand_map


def test_an_old_version_is_brought_back_and_none_is_lost(tmp_path, capsys):
    demo = read_gallery(DEMO_GALLERY)
    for version in (demo, demo.with_brand("Crundlo", brand="Neu")):
        save_gallery(replace(version, name="g"))
    assert run(capsys, "gallery", "restore", "g", 1)[1].out.startswith("g: version 3, 25 products")
    lines = run(capsys, "gallery", "versions", "g")[1].out.splitlines()
    assert [line.split()[1] for line in lines] == ["3", "2", "1"] and "; changed: Crundlo" in lines[0]
    assert open_gallery("g").brands == demo.brands


def test_a_gallery_or_brand_map_is_deleted(tmp_path, capsys):
    (tmp_path / "packs.csv").write_text("label,brand,own\ncan,Cola,yes\n")
    save_gallery(replace(read_gallery(DEMO_GALLERY), name="demo"))
    save_gallery(read_brand_map(tmp_path / "packs.csv"))
    for name in ("demo", "packs (brand map)"):
        status, told = run(capsys, "gallery", "delete", name)
        assert status == 0 and told.out == f"{name}: deleted\n"
    assert run(capsys, "gallery", "list")[1].out.startswith("no galleries yet")


def test_a_gallery_is_repaired(capsys):
    gallery = replace(read_gallery(DEMO_GALLERY), name="demo")
    save_gallery(gallery)
    pictures.picture_path(hashlib.sha256(gallery.pictures[0]).hexdigest()).unlink()
    status, told = run(capsys, "gallery", "export", "demo", "out.zip")
    assert status == 2 and "skushare gallery repair demo" in told.err
    status, told = run(capsys, "gallery", "repair", "demo")
    left = len(gallery.pictures) - 1
    assert status == 0 and told.out == f"demo: 1 example lost, {left} left\n"
    assert len(open_gallery("demo").pictures) == left


def test_labelled_photos_teach_their_labels(tmp_path, capsys):
    content = json.loads((FOLDER / "annotations.json").read_text())
    brands = sorted({note["brand"] for note in content["annotations"]})
    content["categories"] = [{"id": i, "name": brand} for i, brand in enumerate(brands, 1)]
    for note in content["annotations"]:
        note["category_id"] = brands.index(note["brand"]) + 1
    (tmp_path / "labels.json").write_text(json.dumps(content))
    source = (tmp_path / "labels.json", "--images", FOLDER, "--format", "coco")
    (tmp_path / "map.csv").write_text("label,brand,own\n" + "".join(f"{b},House,yes\n" for b in brands[:3]))
    status, told = run(capsys, "gallery", "teach", "g", *source, "--examples", 2)
    assert (
        status == 0
        and f"{len(brands)} products of {len(brands)} brands, {2 * len(brands)} examples" in told.out
    )
    status, told = run(capsys, "gallery", "teach", "g", *source, "--examples", 2)
    assert status == 0 and f"{2 * len(brands)} facings known already" in told.out
    assert f"g: version 1, {len(brands)} products" in told.out
    status, told = run(capsys, "gallery", "teach", "h", *source, "--brand-map", tmp_path / "map.csv")
    assert status == 0 and "3 products of 1 brand" in told.out
    examples = len(open_gallery("h").pictures)
    (tmp_path / "map.csv").write_text("label,brand,own\n" + "".join(f"{b},Home,yes\n" for b in brands[:3]))
    status, told = run(capsys, "gallery", "teach", "h", *source, "--brand-map", tmp_path / "map.csv")
    assert status == 0 and f"6 products of 2 brands, {examples} examples" in told.out  # none of House now


@pytest.mark.parametrize("readable", [1, 0])
def test_photos_that_cannot_be_read_are_named_and_the_others_taught(tmp_path, capsys, readable):
    for number, name in enumerate(("shelf_cereal.jpg", "shelf_drinks.jpg", "shelf_pantry.jpg")):
        data = (FOLDER / name).read_bytes()
        (tmp_path / name).write_bytes(data if number < readable else data[: len(data) // 2])
    source = (FOLDER / "annotations.json", "--images", tmp_path, "--format", "coco")
    status, told = run(capsys, "gallery", "teach", "g", *source, "--examples", 3)
    if readable:
        assert status == 1 and "1 product of 1 brand" in told.out and "shelf_drinks.jpg: " in told.err
    else:
        assert status == 2 and "nothing to teach: " in told.err and "shelf_cereal.jpg: " in told.err
    assert run(capsys, "gallery", "list")[1].out.startswith("g  version 1" if readable else "no galleries")


def test_pictures_that_cannot_be_read_are_named_and_the_others_imported(tmp_path, capsys):
    (tmp_path / "Rot").mkdir()
    shutil.copy(FOLDER / "shelf_cereal.jpg", tmp_path / "Rot")
    (tmp_path / "Rot" / "broken.jpg").write_bytes(b"no picture")
    status, told = run(capsys, "gallery", "import", tmp_path, "--name", "g")
    assert status == 1 and "g: version 1, 1 product of" in told.out and "Rot/broken.jpg: " in told.err


def test_of_a_zip_that_may_be_of_one_brand_it_is_told_what_it_was_taken_for(tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for product in ("Zero", "Light"):
            archive.write(FOLDER / "shelf_cereal.jpg", f"Cola/{product}/a.jpg")
    out = run(capsys, "gallery", "import", tmp_path / "mine.zip")[1].out
    assert "2 products of 2 brands" in out and "if Cola is their brand: --one-brand" in out
    out = run(capsys, "gallery", "import", tmp_path / "mine.zip", "--one-brand")[1].out
    assert "version 2, 2 products of 1 brand" in out and "--one-brand" not in out


def test_detect_names_the_brands(tmp_path, capsys):
    photo = Path(FOLDER, "shelf_cereal.jpg")
    assert "Crundlo" in run(capsys, "detect", photo, "--gallery", DEMO_GALLERY, "--shares")[1].out
    status, told = run(
        capsys, "detect", photo, "--gallery", DEMO_GALLERY, "--format", "coco", "--draw", tmp_path
    )
    named = [note.get("brand") for note in json.loads(told.out)["annotations"]]
    assert status == 0 and named.count("Crundlo") >= 5 and (tmp_path / "shelf_cereal.jpg").is_file()


def test_a_saved_gallery_comes_before_a_folder_of_its_name(tmp_path, monkeypatch):
    save_gallery(replace(read_gallery(DEMO_GALLERY), name="coffee"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "coffee").mkdir()
    assert open_brands("coffee")[0].digest == open_gallery("coffee").digest
    with pytest.raises(GalleryError):
        open_brands("./coffee")  # which is empty


def test_a_saved_brand_map_names_by_the_labels_that_it_has_and_nothing_by_look(tmp_path, capsys):
    (tmp_path / "packs.csv").write_text("label,brand,own\ncan,Cola,yes\n")
    save_gallery(read_brand_map(tmp_path / "packs.csv"))
    name = "packs (brand map)"
    assert open_brands(name, ("can", "jar"))[0].brands == ("Cola",)
    with pytest.raises(GalleryError, match="it has none of the model's labels, as 'facing'"):
        open_brands(name, ("facing",))
    for command in (("export", "--out", tmp_path / "out"), ("audits", "recount", 1)):
        if command[0] == "audits":
            assert run(capsys, "audit", FOLDER / "shelf_cereal.jpg")[0] == 0
        status, told = run(capsys, *command, "--gallery", name)
        assert status == 2 and f"{name}: names by a model's labels" in told.err
    status, told = run(capsys, "gallery", "teach", name, FOLDER / "annotations.json", "--images", FOLDER)
    assert status == 2 and "only brand maps are called so" in told.err


def test_an_audit_is_recounted_by_the_version_it_was_made_with_or_by_another(tmp_path, capsys):
    photo, demo = Path(FOLDER, "shelf_cereal.jpg"), read_gallery(DEMO_GALLERY)
    write_gallery(demo.with_brand("Crundlo", brand="Old name"), tmp_path / "then.zip")
    assert run(capsys, "audit", photo, "--gallery", tmp_path / "then.zip")[0] == 0
    (tmp_path / "then.zip").unlink()
    before = run(capsys, "audits", "show", 1)[1].out
    status, told = run(capsys, "audits", "recount", 1)
    assert status == 0 and "\n0 of " in told.out
    (line,) = (line.split() for line in told.out.splitlines() if "Old name" in line)
    assert line[:2] == line[2:4] != ["0.0", "%"]
    told = run(capsys, "audits", "recount", 1, "--gallery", DEMO_GALLERY)[1].out
    share = f"{line[0]} %"
    assert f"{share}      0.0 %  Old name" in told and f"0.0 % {share:>10}  Crundlo" in told
    assert run(capsys, "audits", "show", 1)[1].out == before
    assert run(capsys, "gallery", "list")[1].out.startswith("no galleries yet")


def test_a_model_s_own_labels_may_be_mapped_to_brands(tmp_path, capsys):
    (tmp_path / "map.csv").write_text("label,brand,own\nfacing,Any,yes\n")
    mapped = ("detect", FOLDER / "shelf_cereal.jpg", "--brand-map", tmp_path / "map.csv")
    _, told = run(capsys, *mapped, "--format", "csv")
    assert "Any" in told.out.splitlines()[1]
    _, told = run(capsys, *mapped, "--format", "json")
    assert {facing["own"] for facing in json.loads(told.out)[0]["detections"]} == {True}
    _, told = run(capsys, *mapped, "--shares")
    assert "own brands against competitors" in told.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("detect", FOLDER, "--gallery", "none"),
        ("gallery", "export", "none", "x"),
        ("gallery", "versions", "none"),
        ("gallery", "restore", "none", 1),
        ("gallery", "delete", "none"),
    ],
)
def test_a_gallery_that_is_not_there_is_named(capsys, arguments):
    status, told = run(capsys, *arguments)
    assert status == 2 and "none" in told.err and "Traceback" not in told.err


def test_teaching_does_not_undo_what_was_taught_meanwhile(tmp_path, capsys, monkeypatch):
    demo = replace(read_gallery(DEMO_GALLERY), name="g")
    save_gallery(demo)
    newer = demo.with_brand("Crundlo", brand="Neu")

    def slow_picture(*arguments):
        save_gallery(newer)  # from the Teach page, say
        return example_picture(*arguments)

    monkeypatch.setattr(teaching, "example_picture", slow_picture)
    status, told = run(
        capsys, "gallery", "teach", "g", FOLDER / "annotations.json", "--images", FOLDER, "--examples", 1
    )
    assert status != 0 and "taught elsewhere in the meantime" in told.err
    assert open_gallery("g").digest == newer.digest

import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skushare.dataset import class_names, store, versions
from skushare.dataset.coco import read_coco
from skushare.dataset.dataset import Dataset
from skushare.dataset.thumbnails import THUMBNAILS, thumbnails
from skushare.errors import ConfigError, DatasetError, SkushareError


class Killed(BaseException):
    """The end of a process, as far as the code in it can see."""


BOX = (3.5, 4, 20, 25.25, 1, 1)


@pytest.fixture
def shop(store_folder, make_dataset):
    """The stored dataset "shop"; gives what was stored."""
    dataset = make_dataset()
    store.add_dataset(dataset, "shop")
    return dataset


def image(number, name="shop"):
    return store.open_index(name).names[number]


def add_box(number=0, box=BOX, name="shop"):
    store.change_boxes(name, image(number, name), [None], [box], "added a box")


def tables(name="shop"):
    index = store.open_index(name)
    return [index.table(row).tolist() for row in range(len(index))]


def drop_cache(name="shop"):
    shutil.rmtree(store.dataset_folder(name) / "cache")


def assert_same(stored, dataset):
    """Equal samples in the order of the splits, with images of equal bytes."""
    order = {split: i for i, split in enumerate(dataset.splits)}
    samples = sorted(dataset.samples, key=lambda sample: order[sample.split])
    for a, b in zip(stored.samples, samples, strict=True):
        assert (a.width, a.height, a.split, a.group) == (b.width, b.height, b.split, b.group)
        assert np.array_equal(a.boxes, b.boxes) and np.array_equal(a.class_ids, b.class_ids)
        assert np.array_equal(a.scores, b.scores)
        assert a.path.read_bytes() == b.path.read_bytes()
    assert (stored.labels, stored.provenance) == (dataset.labels, dataset.provenance)


def test_a_dataset_without_a_place_for_its_cache_is_read_all_the_same(shop):
    drop_cache()
    (store.dataset_folder("shop") / "cache").write_text("a file, where nothing can be written")
    assert_same(store.open_dataset("shop"), shop)


@pytest.mark.parametrize("counts, splits", [((2, 0, 3), ("train", "", "val")), ((1, 4), ("",)), ((), ("",))])
@pytest.mark.parametrize("cached", [True, False])
def test_what_is_stored_comes_back_with_cache_and_without(store_folder, make_dataset, counts, splits, cached):
    dataset = make_dataset(counts, splits)
    folder = store.add_dataset(dataset, "shop")
    assert folder == store_folder / "shop" and store.dataset_names() == ["shop"]
    if not cached:
        drop_cache()
    assert_same(store.open_dataset("shop"), dataset)
    assert store.open_dataset("shop").name == "shop"


@pytest.mark.parametrize(
    "split, file", [("", "all.json"), ("all", "all_.json"), ("dataset", "dataset_.json")]
)
def test_no_split_takes_the_file_of_another(store_folder, make_dataset, split, file):
    dataset = make_dataset((1, 1), ("train", split))
    store.add_dataset(dataset, "shop")
    drop_cache()
    assert (store_folder / "shop" / file).exists()
    assert store.open_dataset("shop").splits == ("train", split)


@pytest.mark.parametrize(
    "splits", [("Shop A", "train", "Shop-A"), ("Train", "train", "магазин"), ("data set?", "../Dataset", "")]
)
def test_splits_whose_names_are_none_of_files_keep_them(store_folder, make_dataset, splits):
    dataset = make_dataset((1, 1, 1), splits)
    store.add_dataset(dataset, "shop")
    drop_cache()
    assert_same(store.open_dataset("shop"), dataset)
    names = [name.lower() for name in label_files(store_folder / "shop")]
    assert len(set(names)) == 3 and not any(" " in name or name == versions.HEAD for name in names)


@pytest.mark.parametrize("name, error", [("../x", ConfigError), ("shop", DatasetError)])
def test_a_name_must_be_free_and_stay_in_the_store(shop, make_dataset, name, error):
    with pytest.raises(error):
        store.add_dataset(make_dataset(), name)


@pytest.mark.parametrize("call", [store.open_dataset, store.open_index, store.history, store.delete_dataset])
def test_a_missing_dataset_is_named_with_those_there_are(shop, call):
    with pytest.raises(DatasetError, match="mall: no such dataset.*shop"):
        call("mall")


def test_pictures_of_one_name_or_listed_twice_keep_labels_of_their_own(store_folder, make_dataset):
    dataset = make_dataset((1, 2, 3), ("train",))
    first = dataset.samples[0]
    twin = replace(dataset.samples[1], path=dataset.samples[1].path.parent / first.path.name.upper())
    shutil.copy(dataset.samples[1].path, twin.path)
    dataset = replace(dataset, samples=(first, twin, replace(dataset.samples[2], path=first.path)))
    for copy in (True, False):
        store.add_dataset(dataset, f"copy{copy}", copy=copy)
        assert_same(store.open_dataset(f"copy{copy}"), dataset)
        add_box(2, name=f"copy{copy}")
        assert [len(table) for table in tables(f"copy{copy}")] == [1, 2, 4]


def test_without_copying_the_images_stay_where_they_are(store_folder, make_dataset):
    dataset = make_dataset()
    store.add_dataset(dataset, "shop", copy=False)
    paths = {sample.path for sample in dataset.samples}
    assert {sample.path for sample in store.open_dataset("shop").samples} == paths
    store.replace_dataset("shop", store.open_dataset("shop").only("train"), "fewer")
    assert {sample.path for sample in store.open_dataset("shop").samples} <= paths
    assert list((store_folder / "shop" / "images").iterdir()) == []


def test_a_copy_does_not_change_with_the_users_file(shop):
    shop.samples[0].path.write_bytes(b"painted over")
    assert store.open_dataset("shop").samples[0].path.read_bytes() != b"painted over"


def test_the_first_pictures_have_thumbnails_at_once(shop, store_folder):
    kept = list((store_folder / "shop" / THUMBNAILS).rglob("*.jpg"))
    assert len(kept) == 3
    thumbnails(
        [store_folder / "shop" / "images" / image(n) for n in range(3)], store_folder / "shop" / THUMBNAILS
    )
    assert set((store_folder / "shop" / THUMBNAILS).rglob("*.jpg")) == set(kept)


def test_a_missing_image_stays_listed(store_folder, make_dataset):
    dataset = make_dataset()
    dataset.samples[1].path.unlink()
    store.add_dataset(dataset, "shop")
    assert [sample.path.exists() for sample in store.open_dataset("shop").samples] == [True, False, True]


def test_progress_goes_through_the_samples(store_folder, make_dataset):
    seen = []
    store.add_dataset(
        make_dataset(), "shop", progress=lambda items: [seen.append(item) or item for item in items]
    )
    assert len(seen) == 3


def test_a_full_disk_leaves_nothing_behind(store_folder, make_dataset, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(SkushareError, match="No space left"):
        store.add_dataset(make_dataset(), "shop")
    assert list(store_folder.iterdir()) == []


def test_a_photo_whose_name_is_no_text_is_stored_under_one_that_is(store_folder, make_dataset):
    dataset = make_dataset()
    path = dataset.samples[0].path
    photo = path.rename(path.with_name(os.fsdecode(b"shelf \xff.png")))
    samples = (replace(dataset.samples[0], path=photo), *dataset.samples[1:])
    store.add_dataset(replace(dataset, samples=samples), "shop")
    stored = store.open_dataset("shop").samples[0].path
    assert stored.name == "shelf �.png" and stored.read_bytes() == photo.read_bytes()


@pytest.mark.parametrize("place", ["workspace", "elsewhere"])
def test_only_photos_of_the_workspace_are_linked(store_folder, make_dataset, tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKUSHARE_WORKSPACE", "workspace")
    dataset = make_dataset((1,), ("train",))
    photo = shutil.copyfile(dataset.samples[0].path, (tmp_path / place).mkdir() or tmp_path / place / "a.png")
    store.add_dataset(replace(dataset, samples=(replace(dataset.samples[0], path=photo),)), "shop")
    assert photo.samefile(store.open_dataset("shop").samples[0].path) == (place == "workspace")


def test_a_photo_that_cannot_be_copied_is_named(store_folder, make_dataset, monkeypatch):
    def refused(source, target):
        raise PermissionError(13, "Permission denied", source)

    monkeypatch.setattr("shutil.copyfile", refused)
    with pytest.raises(DatasetError, match=r"shelf 0\.png: cannot be copied \(Permission denied"):
        store.add_dataset(make_dataset(), "shop")


def test_labels_changed_by_another_program_are_read_again(shop, store_folder):
    path = store_folder / "shop" / "train.json"
    content = json.loads(path.read_text())
    content["annotations"] = content["annotations"][:1]
    before = store.revision("shop")
    path.write_text(json.dumps(content))
    assert store.revision("shop") != before
    assert [len(table) for table in tables()] == [1, 0, 3]


def test_boxes_keep_their_classes_where_another_program_adds_a_supercategory(store_folder, make_dataset):
    labels = ("drinks", "cola", "tea")
    store.add_dataset(make_dataset((4,), ("train",), labels), "shop")
    path = store_folder / "shop" / "train.json"
    content = json.loads(path.read_text())
    for note in content["annotations"]:
        note["category_id"] = 3
    for category in content["categories"]:
        category["supercategory"] = "drinks"
    path.write_text(json.dumps(content))
    assert (store.open_index("shop").class_ids == 2).all()


def test_a_class_that_another_program_adds_is_named(shop, store_folder):
    path = store_folder / "shop" / "val.json"
    path.write_text(path.read_text().replace('"jar"', '"cup"'))
    with pytest.raises(DatasetError, match=r"val\.json: has a class 'cup', which dataset\.json"):
        store.open_dataset("shop")


@pytest.mark.parametrize(
    "file, content",
    [("train.json", "{"), ("dataset.json", "{"), ("dataset.json", '{"labels": 1}'), ("val.json", None)],
)
def test_damaged_files_are_named(shop, store_folder, file, content):
    drop_cache()
    path = store_folder / "shop" / file
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(DatasetError, match=file):
        store.open_dataset("shop")


# Edits


def test_boxes_are_changed_deleted_and_added_and_the_rest_stays(shop):
    old = tables()
    store.change_boxes("shop", image(2), [old[2][0], old[2][1], None], [BOX, None, BOX], "corrected")
    assert tables() == [old[0], old[1], [list(BOX), old[2][2], list(BOX)]]
    drop_cache()  # edits apply to what is read from the files as well
    assert tables()[2] == [list(BOX), old[2][2], list(BOX)]


def test_undo_and_redo_move_through_boxes_and_everything(shop):
    states = [tables()]
    add_box(1)
    states.append(tables())
    store.replace_dataset("shop", store.open_dataset("shop").only("train"), "only train")
    states.append(tables())
    add_box(0)
    states.append(tables())
    for state in reversed(states[:-1]):
        store.undo("shop", store.history("shop").done[-1])
        assert tables() == state
    for state in states[1:]:
        store.redo("shop", store.history("shop").undone[-1])
        assert tables() == state


def test_a_picture_taken_out_comes_back_by_undo_with_its_edits(shop):
    whole = store.open_index("shop")
    add_box(1)
    edited = tables()
    store.drop_image("shop", whole.names[1])
    assert store.open_index("shop").names == (whole.names[0], whole.names[2])
    assert tables() == [edited[0], edited[2]] and len(store.open_dataset("shop")) == 2
    drop_cache()
    assert tables() == [edited[0], edited[2]]
    for wrong in (whole.names[1], "none.png"):
        with pytest.raises(DatasetError, match="no longer in shop"):
            store.drop_image("shop", wrong)
    store.undo("shop", store.history("shop").done[-1])
    assert tables() == edited


def test_a_class_is_added_without_the_labels_being_written_anew(shop, store_folder):
    add_box(0)
    before = tables()
    store.add_class("shop", "lid")
    add_box(1, (1, 2, 9, 9, 2, 1))
    with pytest.raises(DatasetError, match="'lid' already"):
        store.add_class("shop", "lid")
    assert store.open_index("shop").labels == store.open_dataset("shop").labels == ("can", "jar", "lid")
    assert not (store_folder / "shop" / "versions").exists()
    for labels in (("can", "jar", "lid"), ("can", "jar")):
        store.undo("shop", store.history("shop").done[-1])
        assert tables() == before and store.open_index("shop").labels == labels
    for _ in (1, 2):
        store.redo("shop", store.history("shop").undone[-1])
    edited = tables()
    store.fold_edits("shop")
    drop_cache()
    assert tables() == edited and store.open_index("shop").labels == ("can", "jar", "lid")


@pytest.mark.parametrize("alone", [True, False])
def test_boxes_of_a_class_whose_line_is_damaged_are_left_out(shop, store_folder, alone):
    before, known = tables(), store.open_dataset("shop")
    if alone:
        store.add_class("shop", "lid")
    else:
        store.replace_dataset("shop", replace(known, labels=("can", "jar", "lid")), "another class")
    add_box(0, (1, 2, 9, 9, 2, 1))
    add_box(1)
    journal = store_folder / "shop" / "edits.jsonl"
    journal.write_bytes(b"nonsense" + journal.read_bytes()[8:])
    store._last_replayed.cache_clear()
    assert tables() == [before[0], [*before[1], list(BOX)], before[2]]
    assert store.open_index("shop").labels == ("can", "jar")


def test_a_class_keeps_its_boxes_where_the_line_of_one_before_it_is_damaged(shop, store_folder):
    store.add_class("shop", "lid")
    store.add_class("shop", "bag")
    add_box(0, (1, 2, 9, 9, 2, 1))
    add_box(1, (1, 2, 9, 9, 3, 1))
    edited = tables()
    journal = store_folder / "shop" / "edits.jsonl"
    journal.write_bytes(b"nonsense" + journal.read_bytes()[8:])
    assert tables() == edited and store.open_index("shop").labels == ("can", "jar", "lid", "bag")


def test_edits_that_were_replayed_are_not_replayed_again(shop, monkeypatch):
    replayed, change_table = [], store.change_table
    for number in (0, 1, 0, 1):
        add_box(number)
    tables()
    monkeypatch.setattr(store, "change_table", lambda *args: replayed.append(args) or change_table(*args))
    add_box(0)
    tables()
    assert len(replayed) == 2  # to look whether it can be done, and to do it
    store.undo("shop", store.history("shop").done[-1])
    tables()
    assert len(replayed) == 4  # the two others of its image


def test_what_was_replayed_before_makes_no_difference(shop, monkeypatch):
    steps = [
        add_box,
        add_box,
        lambda: store.undo("shop", store.history("shop").done[-1]),
        lambda: store.redo("shop", store.history("shop").undone[-1]),
        lambda: store.undo("shop", store.history("shop").done[-1]),
        lambda: add_box(box=(1, 2, 9, 9, 0, 1)),
        lambda: add_box(1),
        lambda: store.drop_image("shop", image(0)),
        lambda: add_box(1),
        lambda: store.replace_dataset("shop", store.open_dataset("shop").renamed({"can": "jar"}), "renamed"),
        lambda: add_box(0, (1, 2, 9, 9, 0, 1)),
        lambda: store.undo("shop", store.history("shop").done[-1]),
        lambda: store.undo("shop", store.history("shop").done[-1]),
        lambda: store.fold_edits("shop"),
        lambda: add_box(1),
    ]
    for step in steps:
        step()
        with monkeypatch.context() as patch:
            patch.setattr(store, "_last_replayed", lambda folder: [(None, {})])
            anew = tables()
        assert tables() == anew


def test_what_another_thread_replayed_on_the_labels_before_is_not_taken(shop, store_folder, monkeypatch):
    class Shared(list):
        def __getitem__(self, place):
            seen = super().__getitem__(place)
            self[place] = before  # by the other thread, ahead of the next look
            return seen

    add_box(0)
    tables()
    before = store._last_replayed(store_folder / "shop")[0]
    path = store_folder / "shop" / "train.json"
    content = json.loads(path.read_text())
    content["annotations"][0]["bbox"] = [1, 2, 3, 4.5]
    path.write_text(json.dumps(content))
    now = versions.stamps(store_folder / "shop", 0)
    monkeypatch.setattr(store, "_last_replayed", lambda folder: Shared([(now, {})]))
    assert tables()[0][0][:4] == [1, 2, 4, 6.5]


def test_after_a_new_edit_nothing_can_be_redone(shop):
    add_box(0)
    edit = store.history("shop").done[-1]
    store.undo("shop", edit)
    add_box(1)
    with pytest.raises(DatasetError, match="in the meantime"):
        store.redo("shop", edit)


@pytest.mark.parametrize(
    "box",
    [
        (5, 5, 5, 9, 0, 1),
        (9, 5, 5, 9, 0, 1),
        (0, 0, 5, 5, 2, 1),
        (0, 0, 5, 5, -1, 1),
        (0, 0, float("nan"), 5, 0, 1),
        (0, 0, float("inf"), 5, 0, 1),
    ],
)
def test_boxes_that_cannot_be_are_refused(shop, box):
    with pytest.raises(DatasetError, match="is wrong"):
        add_box(0, box)
    assert not store.history("shop").done


def test_a_stale_edit_is_refused_and_says_so(shop):
    seen = tables()[0][0]
    store.change_boxes("shop", image(0), [seen], [BOX], "first tab")
    with pytest.raises(DatasetError, match="changed elsewhere"):
        store.change_boxes("shop", image(0), [seen], [None], "second tab")
    with pytest.raises(DatasetError, match="changed elsewhere"):
        store.change_boxes("shop", "gone.png", [None], [BOX], "second tab")
    revision, edit = store.revision("shop"), store.history("shop").done[-1]
    add_box(1)
    with pytest.raises(DatasetError, match="in the meantime"):
        store.undo("shop", edit)
    with pytest.raises(DatasetError, match="in the meantime"):
        store.replace_dataset("shop", store.open_dataset("shop"), "repair", revision)
    assert [edit.reason for edit in store.history("shop").done] == ["first tab", "added a box"]


def test_an_edit_that_was_folded_is_not_taken_for_a_later_one_of_its_number(shop):
    add_box(0)
    edit = store.history("shop").done[-1]
    store.fold_edits("shop")
    add_box(1)
    assert store.history("shop").done[-1].number == edit.number
    with pytest.raises(DatasetError, match="in the meantime"):
        store.undo("shop", edit)


@pytest.mark.parametrize("names", [{"can": ""}, {"can": "tin"}, {"can": "jar"}])
def test_a_class_chosen_among_others_than_there_are_now_is_refused(shop, names):
    seen = class_names.stamp(store.open_index("shop").labels)
    store.change_boxes("shop", image(1), [None], [BOX], "first tab", seen)
    store.replace_dataset("shop", store.open_dataset("shop").renamed(names), "renamed")
    with pytest.raises(DatasetError, match="classes of shop were changed elsewhere"):
        store.change_boxes("shop", image(1), [None], [[*BOX[:4], 0, 1]], "second tab", seen)
    assert store.history("shop").done[-1].reason == "renamed"


def test_many_tabs_at_once_lose_no_edit(shop):
    boxes = [(0, 0, 1 + number, 5, 0, 1) for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda box: add_box(1, box), boxes))
    assert sorted(tables()[1]) == sorted(map(list, boxes))
    assert [edit.number for edit in store.history("shop").done] == list(range(1, 41))


def test_another_holder_of_the_lock_is_told_of(shop, store_folder, monkeypatch):
    monkeypatch.setattr(store, "_PATIENCE", 0)
    with store.hold(store_folder / "shop" / ".lock"), pytest.raises(DatasetError, match="another program"):
        add_box()


def test_edits_survive_the_death_of_their_process(shop):
    script = """
import itertools
from skushare.dataset import store, versions
for number in itertools.count():
    box = [0, 0, number + 1, 5, 0, 1]
    store.change_boxes("shop", store.open_index("shop").names[1], [None], [box], "added")
    print(number + 1, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if int(line) >= 20:
            break
    process.send_signal(signal.SIGKILL)
    told = max([20, *map(int, process.stdout.read().split())])
    process.wait()
    assert len(tables()[1]) in (told, told + 1)
    add_box(1)
    assert tables()[1][-1] == list(BOX) and not store.history("shop").warnings


# Everything


def test_new_labels_splits_and_classes_take_the_place_of_the_old(shop, make_dataset):
    dataset = store.open_dataset("shop")
    one = replace(
        dataset.as_one_class(), samples=tuple(replace(s, split="fit") for s in dataset.as_one_class().samples)
    )
    store.replace_dataset("shop", one, "one class")
    stored = store.open_dataset("shop")
    assert (stored.labels, stored.splits) == (("facing",), ("fit",))
    drop_cache()
    assert_same(store.open_dataset("shop"), one)
    store.undo("shop", store.history("shop").done[-1])
    assert_same(store.open_dataset("shop"), shop)


def test_images_from_elsewhere_are_taken_in(shop, make_dataset, tmp_path):
    more = make_dataset((1,), ("train",)).samples[0]
    shutil.copy(more.path, tmp_path / "new.png")
    dataset = store.open_dataset("shop")
    more = replace(more, path=tmp_path / "new.png")
    store.replace_dataset("shop", replace(dataset, samples=(*dataset.samples, more)), "one more")
    assert {sample.path.name for sample in store.open_dataset("shop").samples} >= {"new.png"}
    assert all(
        store.dataset_folder("shop") in sample.path.parents for sample in store.open_dataset("shop").samples
    )


def edited():
    """The dataset with edits before and after a change of everything."""
    add_box(0)
    store.replace_dataset("shop", store.open_dataset("shop"), "the same")
    add_box(1)


def drop():
    store.drop_image("shop", image(1))


def fewer():
    store.replace_dataset("shop", store.open_dataset("shop").only("train"), "fewer splits")


def label_files(folder):
    return {path.name for path in folder.glob("*.json")} - {versions.HEAD}


@pytest.mark.parametrize("edit", [lambda: None, add_box, drop, edited, fewer])
def test_folding_writes_the_edits_into_the_files_and_ends_the_history(shop, store_folder, edit):
    edit()
    expected = store.open_dataset("shop")
    (store_folder / "shop" / "mine.json").write_text("{}")
    store.fold_edits("shop")
    assert not store.history("shop").done and not (store_folder / "shop" / "versions").exists()
    files = versions.read_head(store_folder / "shop", 0)["files"]
    assert label_files(store_folder / "shop") == {*files.values(), "mine.json"}  # which nobody lists
    assert_same(store.open_dataset("shop"), expected)
    drop_cache()
    assert_same(store.open_dataset("shop"), expected)
    plain = read_coco(store_folder / "shop" / "train.json", store_folder / "shop" / "images", raw=True)
    assert np.array_equal(plain.samples[0].boxes, expected.only("train").samples[0].boxes)


@pytest.mark.parametrize(
    "new_version, steps", [(True, steps) for steps in range(12)] + [(False, steps) for steps in range(20)]
)
def test_a_fold_that_dies_anywhere_shows_the_same_and_is_finished_later(
    shop, store_folder, monkeypatch, new_version, steps
):
    add_box(1)
    if new_version:
        fewer()
    expected = tables()
    left = iter(range(steps))

    def dying(function):
        def call(*args, **options):
            if next(left, None) is None:
                raise Killed
            return function(*args, **options)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", dying(os.replace))
        patch.setattr(shutil, "rmtree", dying(shutil.rmtree))
        patch.setattr(Path, "unlink", dying(Path.unlink))
        with suppress(Killed):
            store.fold_edits("shop")
    assert tables() == expected
    add_box(0)
    expected[0].append(list(BOX))
    assert tables() == expected
    drop_cache()
    assert tables() == expected
    assert not (store_folder / "shop" / ".folding").exists()
    store.fold_edits("shop")
    assert len(label_files(store_folder / "shop")) == (1 if new_version else 3)


def test_what_killed_processes_left_goes_with_the_next_dataset_and_nothing_else(store_folder, make_dataset):
    for name in (".shop.a1b2c3_8", ".shop.deleted.a1b2c3_8", ".git", ".stfolder"):
        (store_folder / name).mkdir(parents=True)
        os.utime(store_folder / name, (1, 1))
    store.add_dataset(make_dataset(), "shop")
    assert {path.name for path in store_folder.iterdir()} == {"shop", ".git", ".stfolder"}


def test_deleting_takes_the_folder_away(shop, store_folder):
    store.delete_dataset("shop")
    assert store.dataset_names() == [] and list(store_folder.iterdir()) == []


def test_an_empty_store_has_no_names(store_folder):
    assert store.dataset_names() == []
    with pytest.raises(DatasetError, match="none yet"):
        store.open_dataset("shop")
    assert store.add_dataset(Dataset("nothing", (), ()), "nothing").is_dir()
    assert len(store.open_dataset("nothing")) == 0


@pytest.mark.parametrize("cached", [True, False])
def test_edits_that_another_process_folds_while_they_are_read_count_once(shop, monkeypatch, cached):
    add_box()
    expected, reading = tables(), [versions.read_columns]

    def fold_first(*args):
        if reading:
            monkeypatch.setattr(versions, "read_columns", reading.pop())
            store.fold_edits("shop")
        return versions.read_columns(*args)

    if not cached:
        drop_cache()
    monkeypatch.setattr(versions, "read_columns", fold_first)
    assert tables() == expected and not store.history("shop").done
    assert len(store.open_dataset("shop").samples[0].boxes) == len(expected[0])


def test_a_split_that_goes_while_labels_are_read_is_not_missed(shop, monkeypatch):
    read = versions.read_coco

    def read_then_fold(*args, **options):
        part = read(*args, **options)
        monkeypatch.setattr(versions, "read_coco", read)
        fewer()
        store.fold_edits("shop")
        return part

    drop_cache()
    monkeypatch.setattr(versions, "read_coco", read_then_fold)
    assert store.open_index("shop").splits == ("train",)


def test_labels_that_are_changed_while_they_are_read_are_not_kept_as_the_new_ones(shop, monkeypatch):
    add_box()
    expected, read = tables(), versions.read_coco

    def read_then_fold(*args, **options):
        part = read(*args, **options)
        monkeypatch.setattr(versions, "read_coco", read)
        store.fold_edits("shop")
        return part

    drop_cache()
    monkeypatch.setattr(versions, "read_coco", read_then_fold)
    store.open_index("shop")
    assert tables() == expected

import io
import os
import sqlite3
from contextlib import closing

import cv2
import numpy as np
import pytest
from PIL import Image

from skushare.dataset import scan as module
from skushare.dataset.duplicates import near_pairs
from skushare.dataset.scan import scan
from skushare.dataset.synthetic import generate_shelf


@pytest.fixture(scope="module")
def shelves():
    return [generate_shelf(seed, size=(640, 480), rows=3).image for seed in range(3)]


def jpeg(image, quality=90, orientation=None, **options):
    buffer = io.BytesIO()
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, exif=exif, **options)
    return buffer.getvalue()


def scanned(folder, files, **options):
    paths = []
    for name, data in files.items():
        paths.append(folder / name)
        if data is not None:
            paths[-1].write_bytes(data)
    return scan(paths, cache=folder / "scan.db", **options)


def test_sizes_are_those_of_the_upright_picture(tmp_path, shelves):
    png = cv2.imencode(".png", shelves[0])[1].tobytes()
    files = {
        "a.jpg": jpeg(shelves[0]),
        "b.jpg": jpeg(shelves[0], orientation=6),
        "c.png": png,
        "d.jpg": jpeg(shelves[0], progressive=True),
        "e.jpg": jpeg(cv2.cvtColor(shelves[0], cv2.COLOR_RGB2GRAY)),
    }
    facts = scanned(tmp_path, files)
    assert facts.widths.tolist() == [640, 480, 640, 640, 640]
    assert facts.heights.tolist() == [480, 640, 480, 480, 480]
    assert facts.orientations.tolist() == [1, 6, 1, 1, 1] and facts.readable.all()


def test_a_png_is_decoded_once_and_again_only_where_it_is_turned(tmp_path, shelves, monkeypatch):
    asked, ask = [], module.exif_orientation
    monkeypatch.setattr(module, "exif_orientation", lambda picture: asked.append(picture) or ask(picture))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = io.BytesIO()
    Image.fromarray(shelves[0]).save(turned, "PNG", exif=exif)
    files = {"plain.png": cv2.imencode(".png", shelves[0])[1].tobytes(), "turned.png": turned.getvalue()}
    assert scanned(tmp_path, files).orientations.tolist() == [1, 6]
    assert [os.path.basename(picture.filename) for picture in asked] == ["turned.png"]


def test_an_orientation_that_is_no_number_is_none(tmp_path, shelves):
    buffer, text = io.BytesIO(), b"\x12\x01\x02\0\x03\0\0\0ab\0\0"
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + text + bytes(4)
    Image.fromarray(shelves[0]).save(buffer, "JPEG", exif=exif)
    assert scanned(tmp_path, {"a.jpg": buffer.getvalue()}).orientations.tolist() == [1]


def test_damage_that_decoders_pass_over_is_found(tmp_path, shelves):
    """Pillow and OpenCV read the first three of the damaged ones without a word."""
    good = jpeg(shelves[0])
    half = len(good) // 2
    files = {
        "good.jpg": good,
        "cut and closed.jpg": good[:half] + b"\xff\xd9",
        "hole.jpg": good[:half] + good[half + 2000 :],
        "zeros.jpg": good[:half] + bytes(512) + good[half + 512 :],
        "cut.jpg": good[:half],
        "empty.jpg": b"",
        "text.jpg": b"no picture",
        "missing.jpg": None,
    }
    facts = scanned(tmp_path, files)
    assert facts.readable.tolist() == [True] + [False] * 7
    assert all(str(tmp_path) not in fault for fault in facts.faults)
    assert "no such file" in facts.faults[-1] and "damaged inside" in facts.faults[1]


def test_stuffing_before_the_end_is_no_damage(tmp_path, shelves):
    good = jpeg(shelves[0])
    facts = scanned(
        tmp_path, {"stuffed.jpg": good[:-2] + bytes(9) + good[-2:], "trailer.jpg": good + b"more"}
    )
    assert facts.readable.all()


def test_like_pictures_have_near_hashes_and_other_shelves_have_not(tmp_path, shelves):
    shelf = shelves[0]
    files = {
        "same.jpg": jpeg(shelf),
        "low.jpg": jpeg(shelf, quality=30),
        "small.jpg": jpeg(cv2.resize(shelf, (320, 240), interpolation=cv2.INTER_AREA)),
        "bright.jpg": jpeg(np.clip(shelf * 1.2 + 8, 0, 255).astype(np.uint8)),
        "cropped.jpg": jpeg(np.ascontiguousarray(shelf[5:-5, 6:-6])),
        "png.png": cv2.imencode(".png", shelf[..., ::-1])[1].tobytes(),
        "turned.jpg": jpeg(np.ascontiguousarray(np.rot90(shelf)), orientation=6),
        "other.jpg": jpeg(shelves[1]),
        "third.jpg": jpeg(shelves[2]),
    }
    pairs = np.concatenate([*near_pairs(scanned(tmp_path, files).hashes)])
    assert {tuple(pair) for pair in pairs.tolist()} == {(i, j) for i in range(7) for j in range(i + 1, 7)}


def test_a_picture_is_looked_at_once_until_it_changes(tmp_path, shelves, monkeypatch):
    looked = []
    look = module._look
    monkeypatch.setattr(module, "_look", lambda path: looked.append(os.path.basename(path)) or look(path))
    files = {"a.jpg": jpeg(shelves[0]), "b.jpg": jpeg(shelves[1])}
    first, second = scanned(tmp_path, files), scanned(tmp_path, {"b.jpg": None, "a.jpg": None})
    assert sorted(looked) == ["a.jpg", "b.jpg"]
    assert (first.hashes == second.hashes[::-1]).all() and second.widths.tolist() == [640, 640]
    changed = scanned(tmp_path, {"a.jpg": jpeg(shelves[2][:300]), "b.jpg": None})
    assert sorted(looked) == ["a.jpg", "a.jpg", "b.jpg"] and changed.heights.tolist() == [300, 480]


def test_what_was_looked_at_before_an_interruption_is_remembered(tmp_path, shelves, monkeypatch):
    monkeypatch.setattr(module, "_BATCH", 1)
    files = {f"{i}.jpg": jpeg(shelves[i]) for i in range(3)}

    def until_the_third(paths):
        for number, path in enumerate(paths):
            if number == 2:
                raise KeyboardInterrupt
            yield path

    with pytest.raises(KeyboardInterrupt):
        scanned(tmp_path, files, progress=until_the_third)
    left = []
    scanned(tmp_path, files.fromkeys(files), progress=lambda paths: left.extend(paths) or paths)
    assert left == [str(tmp_path / "2.jpg")]


def test_another_scan_can_save_at_any_time(tmp_path, shelves):
    def saved_in_between(paths):
        for path in paths:
            yield path
            with closing(sqlite3.connect(tmp_path / "scan.db", timeout=0)) as other:
                other.execute("BEGIN IMMEDIATE")

    scanned(tmp_path, {f"{i}.jpg": jpeg(shelves[i]) for i in range(2)}, progress=saved_in_between)


def test_a_cache_that_cannot_be_used_costs_nothing_but_time(tmp_path, shelves):
    (tmp_path / "scan.db").write_bytes(b"no database, but long enough to be taken for one" * 100)
    assert scanned(tmp_path, {"a.jpg": jpeg(shelves[0])}).readable.all()
    (tmp_path / "file").touch()
    assert scan([tmp_path / "a.jpg"], cache=tmp_path / "file" / "scan.db").readable.all()


def test_no_pictures_at_all(tmp_path):
    facts = scan([], cache=tmp_path / "scan.db")
    assert facts.hashes.shape == (0, 4) and facts.readable.shape == (0,) and facts.faults == ()


def test_some_of_the_facts(tmp_path, shelves):
    facts = scanned(tmp_path, {"a.jpg": jpeg(shelves[0]), "b.jpg": b"", "c.jpg": jpeg(shelves[1][:200])})
    some = facts[[2, 1]]
    assert some.heights.tolist() == [200, 0] and some.readable.tolist() == [True, False]

"""`skushare audit` and `skushare audits`, on a detector that needs no model."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest

from skushare.audits import store
from skushare.audits.audit import UNFINISHED
from skushare.audits.listing import list_audits
from skushare.brands.library import gallery_versions, skus_of
from skushare.brands.notes import brand_notes
from skushare.cli import main
from skushare.database import engine
from skushare.detections import Detections
from skushare.detector.runtime import Detector
from skushare.images import write_image
from tests.live.test_recording import video

pytestmark = pytest.mark.usefixtures("sqlite")

KILLED_STUB = """
import os, signal, sys
from types import SimpleNamespace
from skushare.detections import Detections
from skushare.detector.runtime import Detector
left = int(os.environ.get("PHOTOS_TO_COUNT", 99))
def detect(image, **options):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return Detections([[0, 0, 10, 10]], [0.9], [0])
Detector.load = lambda name: SimpleNamespace(
    name="stub", digest="d" * 64, labels=("can",), threshold=lambda mode: 0.4, detect=detect,
    doubtful_score=lambda mode: 0.15,
)
from skushare.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder of three photos, each with two facings."""

    def detect(image, mode, min_score):
        return Detections([[0, 0, 10, 10], [20, 0, 30, 10]], [0.9, 0.9], [0, 1])

    stub = SimpleNamespace(name="stub", digest="d" * 64, labels=("can", "=jar"), detect=detect)
    stub.threshold, stub.doubtful_score = lambda mode: 0.4, lambda mode: 0.15
    monkeypatch.setattr(Detector, "load", lambda name: stub)
    folder = tmp_path / "photos"
    folder.mkdir()
    for shade in (10, 20, 30):
        write_image(folder / f"{shade}.png", np.full((40, 40, 3), shade, np.uint8))
    return folder


def test_a_video_makes_an_audit_of_each_facing_once(photos, tmp_path, capsys):
    stub = Detector.load("")
    found = Detections([[0, 0, 10, 10], [20, 0, 30, 10]], [0.9, 0.9], [0, 1])
    stub.live_sizes, stub.detect = (640, 416), lambda image, mode, min_score, size: found.above(min_score)
    picture = np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8).repeat(10, 0).repeat(10, 1)
    film = video(tmp_path / "walk.MP4", [picture] * 40)
    status, told = run(capsys, "audit", film, "--store", "North", "--time", "2026-03-02T14:30")
    assert status == 0 and "North" in told.out
    audit = store.open_audit(1)
    assert (audit.source, audit.facings, len(audit.photos)) == ("sweep", 2, 1)
    assert audit.thresholds == {"mode": "live", "score": 0.4, "size": 640} and audit.time.hour == 14
    assert audit.shares()["name"].tolist() == ["=jar", "can"]
    assert run(capsys, "audit", film, photos)[0] == 2
    assert main(["audit", str(film), "--min-score", "0.95"]) == 2
    assert "no facing" in capsys.readouterr().err
    film.write_bytes(b"text")
    assert main(["audit", str(film)]) == 2
    assert "walk.MP4: is not a video" in capsys.readouterr().err
    assert list_audits()["audit"].tolist() == [1]


def run(capsys, *arguments):
    """Exit status and what was printed."""
    status = main([str(argument) for argument in arguments])
    return status, capsys.readouterr()


def test_an_audit_is_kept_listed_shown_exported_and_reported(photos, tmp_path, capsys):
    status, told = run(
        capsys, "audit", photos, "--store", "North", "--note", "x", "--time", "2026-03-02T14:30"
    )
    assert status == 0 and re.search("50.0 % ±.*3  can", told.out) and "2026-03-02 14:30" in told.out
    status, told = run(capsys, "audits", "list")
    assert "6 facings  North" in told.out
    shown = run(capsys, "audits", "show", 1)[1].out
    assert "store        North" in shown and "gaps         3" in shown
    run(capsys, "audits", "export", tmp_path / "all.csv")
    assert pd.read_csv(tmp_path / "all.csv")["brand"].tolist() == ["can", "'=jar"] * 3
    run(capsys, "audits", "export", tmp_path / "one.json", "--audit", 1, "--audit", 1)
    assert [told["store"] for told in json.loads((tmp_path / "one.json").read_text())] == ["North"]
    run(capsys, "audits", "report", 1, "--out", tmp_path / "one.pdf")
    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")
    assert run(capsys, "audits", "delete", 1)[0] == 0
    assert "no audits" in run(capsys, "audits", "list")[1].out


def test_a_share_without_doubt_is_shown_without_a_margin(photos, capsys):
    Detector.load("").labels = ("facing",)
    told = run(capsys, "audit", photos)[1].out
    assert told.splitlines()[-1].split() == ["100.0", "%", "6", "unknown"]


def test_audits_of_a_phone_are_imported_once(tmp_path, capsys):
    export = Path(__file__).parents[1] / "audits" / "phone_audits.json"
    status, told = run(capsys, "audits", "import", export)
    assert status == 0 and told.out.splitlines() == [f"audit {number}: imported" for number in (1, 2, 3)]
    status, told = run(capsys, "audits", "import", export, export)
    assert status == 0 and told.out.count("was imported before") == 3
    assert "picture      on the phone" in run(capsys, "audits", "show", 1)[1].out
    for path, problem in ((tmp_path, "cannot be read"), (tmp_path / "no.json", "cannot be read")):
        status, told = run(capsys, "audits", "import", path)
        assert status == 2 and f"{path}: {problem}" in told.err


def test_parts_of_a_joined_picture_are_the_photos_and_not_the_picture(photos, capsys):
    run(capsys, "audit", photos)
    audit = store.open_audit(1)
    roles = zip(audit.photos, ("joined", "part", "part"), strict=True)
    store.save_audit(replace(audit, photos=[replace(photo, role=role) for photo, role in roles]))
    assert "photos       2" in run(capsys, "audits", "show", 2)[1].out


def test_a_brand_map_names_the_brands_and_the_page_and_report_know_the_own_ones(photos, tmp_path, capsys):
    (tmp_path / "map.csv").write_text("label,brand,own\ncan,Cola,yes\n=jar,Jam,no\n")
    status, told = run(capsys, "audit", photos, "--brand-map", tmp_path / "map.csv")
    assert (
        status == 0
        and re.search("50.0 % ±.*3  Cola", told.out)
        and "gallery      map (brand map)" in told.out
    )
    audit = store.open_audit(1)
    assert audit.brands == ("Cola", "Jam") and audit.thresholds == {"mode": "photo", "score": 0.4}
    assert brand_notes(audit.gallery).own == {"Cola"}
    assert [sku.name for sku in skus_of(audit.gallery_digest)] == ["can", "=jar"]
    run(capsys, "audit", photos, "--brand-map", tmp_path / "map.csv")
    assert len(gallery_versions(audit.gallery)) == 1


@pytest.mark.parametrize(
    "content, message", [("label,brand\nbox,Cola\n", "none of the model's labels"), ("x", "lacks the column")]
)
def test_a_brand_map_that_does_not_fit_is_refused(photos, tmp_path, capsys, content, message):
    (tmp_path / "map.csv").write_text(content)
    status, told = run(capsys, "audit", photos, "--brand-map", tmp_path / "map.csv")
    assert status == 2 and message in told.err and store.unfinished_audits() == []


def test_either_a_gallery_or_a_brand_map_names_the_brands(photos, capsys):
    with pytest.raises(SystemExit):
        run(capsys, "audit", photos, "--brand-map", "map.csv", "--gallery", "coffee")
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options, listed",
    [
        ([], True),
        (["--store", "North"], True),
        (["--store", "South"], False),
        (["--shelf", "left"], True),
        (["--shelf", "right"], False),
        (["--brand", "can"], True),
        (["--since", "2026-03-02"], True),
        (["--since", "2026-03-03"], False),
        (["--until", "2026-03-02"], True),
        (["--until", "2026-03-02T14:00"], False),
        (["--until", "2026-03-02T00:00"], False),  # a time, not all of the day
        (["--until", "9999-12-31"], True),
    ],
)
def test_a_list_can_be_narrowed(photos, capsys, options, listed):
    words = ["--store", "North", "--shelf", "left", "--time", "2026-03-02T14:30"]
    run(capsys, "audit", photos, *words)
    assert ("North" in run(capsys, "audits", "list", *options)[1].out) == listed


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("a.csv", ["--audit", 1, "--store", "South"], "leave out --store"),
        ("a.csv", ["--audit", 1, "--since", "2026-03-02"], "leave out --store"),
        ("a.JSON", ["--table", "shares"], "leave out --table"),
    ],
)
def test_options_that_would_change_nothing_of_an_export_are_refused(tmp_path, capsys, name, options, message):
    status, told = run(capsys, "audits", "export", tmp_path / name, *options)
    assert status == 2 and message in told.err and not (tmp_path / name).exists()


@pytest.mark.parametrize("arguments", [["export"], ["report", 1, "--out"]])
def test_a_folder_in_the_place_of_a_file_is_told_as_one_before_the_work(tmp_path, capsys, arguments):
    folder = tmp_path / "a.csv"
    folder.mkdir()
    status, told = run(capsys, "audits", *arguments, folder)
    assert status == 2 and told.err == f"skushare: {folder}: is a folder; name a file\n"


def test_a_time_with_a_zone_is_that_of_the_shelf(photos, capsys):
    run(capsys, "audit", photos, "--time", "2026-03-02T14:30+05:30")
    assert "2026-03-02 14:30 +0530" in run(capsys, "audits", "show", 1)[1].out
    assert "1  2026-03-02 14:30 " in run(capsys, "audits", "list", "--since", "2026-03-02T14:30")[1].out
    for until, listed in (
        ("2026-03-02T14:31", [1]),
        ("2026-03-02T14:30", []),
        ("2026-03-02T14:31+05:30", [1]),
        ("2026-03-02T14:30-05:00", [1]),
        ("2026-03-02T09:00+00:00", []),
    ):
        out = run(capsys, "audits", "list", "--until", until)[1].out
        assert [int(line.split()[0]) for line in out.splitlines() if "facings" in line] == listed


def test_a_broken_photo_is_named_and_the_rest_is_kept(photos, capsys):
    (photos / "bad.jpg").write_bytes(b"text")
    status, told = run(capsys, "audit", photos)
    assert status == 1 and "bad.jpg" in told.err and "photos       3" in told.out


def test_photos_of_one_name_are_told_apart_by_their_folders(photos, tmp_path, capsys):
    again = tmp_path / "again"
    again.mkdir()
    write_image(again / "10.png", np.full((40, 40, 3), 99, np.uint8))
    assert run(capsys, "audit", photos, again)[0] == 0
    names = [str(photos / "10.png"), "20.png", "30.png", str(again / "10.png")]
    assert [photo.name for photo in store.open_audit(1).photos] == names
    assert run(capsys, "audits", "export", tmp_path / "all.csv")[0] == 0
    assert set(pd.read_csv(tmp_path / "all.csv")["photo"]) == set(names)


def test_a_list_without_audits_tells_whether_there_are_others(photos, capsys):
    assert run(capsys, "audits", "list")[1].out == "no audits; skushare audit makes one\n"
    run(capsys, "audit", photos)
    assert run(capsys, "audits", "list", "--store", "Nowhere")[1].out == "no such audits\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["list", "--limit", "99999999999999999999"], "at most 2,147,483,647"),
        (["delete", "99999999999999999999"], "at most 2,147,483,647"),
        (["list", "--since", "yesterday"], "as 2026-03-02 or 2026-03-02T14:30, got yesterday"),
        (["list", "--since", "0001-01-01"], "as 2026-03-02"),
    ],
)
def test_numbers_and_times_beyond_all_are_refused(capsys, arguments, told):
    with pytest.raises(SystemExit):
        run(capsys, "audits", *arguments)
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["show", "7"], ["report", "7"], ["recount", "7"], ["delete", "7"]])
def test_an_audit_that_is_not_there_is_said(capsys, arguments):
    status, told = run(capsys, "audits", *arguments)
    assert status == 2 and "there is no audit 7" in told.err


def test_audits_beside_one_that_is_not_there_are_deleted(photos, capsys):
    run(capsys, "audit", photos)
    status, told = run(capsys, "audits", "delete", 7, 1, 1)
    assert (status, told.out) == (1, "audit 1: deleted\n") and "there is no audit 7" in told.err
    assert list_audits().empty


def test_a_folder_without_photos_is_said(tmp_path, capsys):
    status, told = run(capsys, "audit", tmp_path)
    assert status == 2 and "no photos found" in told.err


def test_an_interrupted_audit_is_told_as_one_and_other_photos_in_its_folder_are_another(
    photos, tmp_path, capsys, monkeypatch
):
    detect = Detector.load("").detect
    monkeypatch.setattr(Detector.load(""), "detect", Mock(side_effect=[detect(0, 0, 0), KeyboardInterrupt]))
    with suppress(KeyboardInterrupt):
        main(["audit", str(photos)])
    assert [batch["photos"] for batch in store.unfinished_audits()] == [1]
    assert UNFINISHED in run(capsys, "audits", "show", 1)[1].out
    status, told = run(capsys, "audits", "export", tmp_path / "one.csv", "--audit", 1)
    assert status == 0 and f"audit 1: {UNFINISHED}" in told.err
    monkeypatch.setattr(Detector.load(""), "detect", detect)
    for path in photos.iterdir():
        write_image(path, np.full((40, 40, 3), 99 + int(path.stem), np.uint8))
    status, told = run(capsys, "audit", photos)
    assert status == 0 and "goes on" not in told.out and UNFINISHED not in told.out
    assert list_audits()["audit"].tolist() == [2] and len(store.open_audit(2).photos) == 3


def test_a_killed_batch_goes_on_and_counts_no_photo_twice(photos):
    for shade in range(40, 200, 8):
        write_image(photos / f"{shade}.png", np.full((40, 40, 3), shade, np.uint8))
    command = [sys.executable, "-c", KILLED_STUB, "audit", str(photos), "--store", "North"]
    killed = subprocess.run(command, stdout=subprocess.DEVNULL, env={**os.environ, "PHOTOS_TO_COUNT": "9"})
    assert killed.returncode == -signal.SIGKILL
    (left,) = store.unfinished_audits()
    assert (left["photos"], left["planned"]) == (9, 23)
    engine.close()
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 0 and "9 photos were in the audit already" in told.stdout
    assert f"goes on with audit {left['audit']} of {left['time']:%Y-%m-%d}" in told.stdout
    audit = store.open_audit(left["audit"])
    assert len({photo.picture for photo in audit.photos}) == len(audit.photos) == audit.facings == 23

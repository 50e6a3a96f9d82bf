"""Frames of recorded videos: thinned, upright, small, and clear errors."""

import json
import re
import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from skushare.cli import main
from skushare.dataset.synthetic import sweep
from skushare.detections import Detections
from skushare.errors import ImageError
from skushare.images import read_image
from skushare.live.recording import LARGEST, find_in_video, read_frames
from skushare.samples import sample_pictures
from skushare.shelf import motion
from tests.shelf.conftest import wide_shelf
from tests.test_images import UPRIGHT, assert_upright

# How a phone's display matrix turns what is stored, and the stored picture that it makes upright.
TURNS = {
    0: ((1, 0, 0, 1), UPRIGHT),
    90: ((0, 1, -1, 0), np.rot90(UPRIGHT, 1)),
    180: ((-1, 0, 0, -1), UPRIGHT[::-1, ::-1]),
    270: ((0, -1, 1, 0), np.rot90(UPRIGHT, -1)),
}


def video(path, frames, rate=30, codec="libx264", options=None, form=None, start=0, wide=1):
    """``start``: the time of the first frame in seconds; ``wide``: a pixel's width by its height."""
    frames = list(frames)
    with av.open(str(path), "w", format=form, options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt, stream.sample_aspect_ratio = "yuv420p", Fraction(wide)
        for number, frame in enumerate(frames, start * rate):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def turn(path, matrix):
    """Write the display matrix of an MP4, as phones do that are held upright."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (65536 * number for number in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


@pytest.mark.parametrize("degrees", TURNS)
def test_frames_are_upright(tmp_path, degrees):
    matrix, stored = TURNS[degrees]
    path = video(tmp_path / "a.mp4", [stored] * 5)
    turn(path, matrix)
    _, image = next(read_frames(path))
    assert_upright(image, tolerance=12)


@pytest.mark.parametrize(
    "suffix, codec", [("mp4", "libx264"), ("mov", "libx265"), ("webm", "libvpx"), ("avi", "mpeg4")]
)
@pytest.mark.parametrize("rate", [5, 30])
def test_about_ten_frames_a_second_come_in_order(tmp_path, suffix, codec, rate):
    shades = np.linspace(20, 230, 2 * rate)
    path = video(tmp_path / f"a.{suffix}", (np.full((48, 64, 3), s, np.uint8) for s in shades), rate, codec)
    with open(path, "rb") as file:
        found = list(read_frames(file, "a"))
    assert len(found) == pytest.approx(2 * min(rate, 10), abs=1)
    levels, parts = [float(image.mean()) for _, image in found], [part for part, _ in found]
    assert levels == sorted(levels) and levels[-1] - levels[0] > 150
    assert parts == sorted(parts) and parts[0] == 0 and 0.8 < parts[-1] <= 1


def test_frames_that_tell_no_time_are_thinned_as_well(tmp_path):
    """As of a board's camera, whose file has no container: the rate is FFmpeg's guess of 25 a second."""
    path = video(
        tmp_path / "a.mp4", (np.full((48, 64, 3), s, np.uint8) for s in range(20, 220, 4)), form="h264"
    )
    found = [float(image.mean()) for _, image in read_frames(path)]
    assert len(found) == pytest.approx(20, abs=1)
    assert found == sorted(found) and found[-1] - found[0] > 150


def test_large_frames_are_made_smaller(tmp_path):
    path = video(tmp_path / "a.mp4", [np.zeros((1080, 1920, 3), np.uint8)])
    assert next(read_frames(path))[1].shape == (720, LARGEST, 3)


@pytest.mark.parametrize("degrees, shape", [(0, (120, 320, 3)), (90, (320, 120, 3))])
def test_pixels_are_square(tmp_path, degrees, shape):
    path = video(tmp_path / "a.mp4", [np.zeros((120, 160, 3), np.uint8)], wide=2)
    turn(path, TURNS[degrees][0])
    assert next(read_frames(path))[1].shape == shape


@pytest.mark.parametrize("suffix, codec", [("mp4", "libx264"), ("mkv", "libx264"), ("webm", "libvpx")])
def test_a_video_that_begins_late_is_whole(tmp_path, suffix, codec):
    """As a part that was cut out without coding it anew."""
    path = video(tmp_path / f"a.{suffix}", np.zeros((60, 48, 64, 3), np.uint8), codec=codec, start=100)
    parts = [part for part, _ in read_frames(path)]
    assert parts[0] == 0 and parts[-1] > 0.8


@pytest.mark.parametrize(
    "content, reason",
    [(b"", "not a video"), (b"text" * 100, "not a video"), (b"\0\0\0\x18ftypmp42" + bytes(90), "video")],
)
def test_what_is_no_video_is_refused_by_name(tmp_path, content, reason):
    path = tmp_path / "aisle 7.mp4"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=rf"aisle 7\.mp4: .*{reason}.*MP4 or MOV"):
        list(read_frames(path))


def test_a_missing_file_and_one_with_sound_alone_are_named(tmp_path):
    with pytest.raises(ImageError, match="gone.mp4: no such file"):
        next(read_frames(tmp_path / "gone.mp4"))
    with av.open(str(tmp_path / "a.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(ImageError, match="no picture"):
        next(read_frames(tmp_path / "a.wav"))


def test_what_a_video_cut_short_still_has_is_given(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (60, 120, 160, 3), np.uint8)
    path = video(tmp_path / "a.avi", noise, codec="mpeg4")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = 0
    try:
        for _ in read_frames(path):
            found += 1
    except ImageError as error:
        assert "damaged" in str(error)
    assert 5 <= found <= 12


def test_a_video_that_ends_before_its_length_is_named(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (60, 120, 160, 3), np.uint8)
    path = video(tmp_path / "a.mp4", noise, codec="mpeg4", options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with pytest.raises(ImageError, match=r"a\.mp4: (is cut off after|is damaged)"):
        list(read_frames(path))


def test_a_glimpse_is_no_video_to_count_on(tmp_path):
    with pytest.raises(ImageError, match="too short"):
        list(read_frames(video(tmp_path / "a.mp4", np.zeros((2, 120, 160, 3), np.uint8), codec="mpeg4")))


class Two:
    """Finds two facings in every frame."""

    live_sizes = (640, 416)

    def detect(self, image, mode, min_score, size):
        assert (mode, min_score, size) == ("live", 0.3, 640)
        return Detections([[10, 10, 60, 90], [70, 10, 120, 90]], [0.9, 0.6], [0, 0])


def test_what_was_found_before_the_damage_is_kept(tmp_path):
    picture = np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8).repeat(10, 0).repeat(10, 1)
    path = video(tmp_path / "a.mkv", [picture] * 300, codec="mpeg4")
    data, shown = path.read_bytes(), []
    whole = find_in_video(path, Two(), None, 0.3, on_image=lambda *args: shown.append(args))
    assert [(len(f.detections), f.error) for f in whole] == [(2, None)]
    assert [(name.name, frame.shape, len(found)) for name, frame, found in shown] == [
        ("a.mkv picture 1.jpg", (120, 160, 3), 2)
    ]
    path.write_bytes(b"text")
    (none,) = find_in_video(path, Two(), None, 0.3)
    assert none.path == path and "not a video" in str(none.error) and not len(none.detections)
    path.write_bytes(data[: len(data) // 2])
    found = find_in_video(path, Two(), None, 0.3)
    assert sum(len(f.detections) for f in found) == 2


def test_a_way_too_long_for_one_count_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(motion, "MAX_KEYS", 1)
    picture, _ = wide_shelf()
    path = video(
        tmp_path / "aisle.mp4", (picture[:, x : x + 320] for x in [0] * 9 + [*range(0, 880, 20)]), 10
    )
    *_, last = find_in_video(path, Two(), None, 0.3)
    assert re.search(r"aisle\.mp4: is too long a way .* after [3-7]\d % of the video", str(last.error))


def test_a_film_along_a_shelf_counts_each_facing_once(tmp_path, capsys):
    picture = read_image(sample_pictures()[0])
    path = ((0.0, 0.0, False), (2.0, 0.7, False), (3.0, 0.35, False))  # there, and half of the way back
    film = video(
        tmp_path / "walk.mp4", (v.image for v in sweep(picture, [], size=(540, 960), path=path)), rate=12
    )
    photo = tmp_path / "shelf.jpg"
    photo.write_bytes(sample_pictures()[0].read_bytes())
    assert main(["detect", str(photo), str(film), "--format", "json"]) == 0
    still, *frames = json.loads(capsys.readouterr().out)
    assert len(frames) > 1 and all("walk.mp4 picture" in frame["photo"] for frame in frames)
    assert still["gaps"] is not None and not any(frame["gaps"] for frame in frames)
    assert sum(frame["facings"] for frame in frames) == pytest.approx(still["facings"], rel=0.1)

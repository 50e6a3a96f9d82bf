"""The runtime on an untrained network: what must hold for any weights."""

import json
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from skushare.detections import Detections
from skushare.detector.models import LITERT, WEIGHTS, read_model, write_description
from skushare.detector.network import build_network
from skushare.detector.presets import PRESETS, preset
from skushare.detector.runtime import Detector
from skushare.detector.weights import load_weights, save_weights
from skushare.errors import ModelError
from skushare.export.litert import largest_difference, litert_exporter
from skushare.geometry import iou, mirror


@pytest.fixture(scope="module", params=PRESETS)
def made(request, tmp_path_factory):
    """(the folder of a model, its network, what converts it)."""
    folder = tmp_path_factory.mktemp(request.param)
    # Small inputs and an eager bias, so that an untrained network finds plenty, fast.
    config = preset(
        request.param, class_bias=0.0, photo_size=128, live_size=64, min_score=0.3, live_min_score=0.3
    )
    network = build_network(config, (None, None) if config.resize == "fit" else None)
    save_weights(network, folder / WEIGHTS, np.float16)
    load_weights(network, folder / WEIGHTS)
    with litert_exporter(network) as export:
        (folder / LITERT).write_bytes(export())
        write_description(folder, config, {"licence": "test"})
        yield folder, network, export


@pytest.fixture
def folder(made):
    return made[0]


# A photo that is stretched to a square has one look, whatever the settings.
several_looks = pytest.mark.parametrize("made", ["shelf_dense"], indirect=True)


def photo(height=96, width=128, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def test_litert_agrees_with_keras(made):
    folder, network, _ = made
    config = read_model(folder).config
    shape = (96, 160) if config.resize == "fit" else (config.input_size, config.input_size)
    difference = largest_difference(network, (folder / LITERT).read_bytes(), shape)
    assert difference["class_logits"] < 1e-3 and difference["box_codes"] < 1e-3


def test_eight_bits_stay_near_the_network_on_what_they_were_measured_on(made):
    folder, network, export = made
    config = read_model(folder).config
    shape = (96, 160) if config.resize == "fit" else (config.input_size, config.input_size)
    rng = np.random.default_rng(0)  # as largest_difference draws its picture
    pictures = [rng.uniform(0, 255, (1, *shape, 3)).astype(np.float32) for _ in range(4)]
    content = export("int8", pictures)
    assert len(content) < 0.7 * (folder / LITERT).stat().st_size
    expected = network(pictures[0], training=False)
    for name, difference in largest_difference(network, content, shape).items():
        assert difference < 0.1 * np.abs(expected[name].numpy()).max() + 0.02


@pytest.mark.parametrize("mode", ["photo", "live"])
@pytest.mark.parametrize("shape", [(96, 128), (128, 96), (1, 1), (40, 300)])
def test_boxes_lie_in_the_photo_best_first(folder, mode, shape):
    found = Detector.load(folder).detect(photo(*shape), mode, min_score=0.0)
    assert (found.boxes >= 0).all()
    assert (found.boxes[:, 2] <= shape[1]).all() and (found.boxes[:, 3] <= shape[0]).all()
    assert (np.diff(found.scores) <= 0).all()


@several_looks
def test_a_mirrored_look_is_put_back(folder):
    detector = Detector.load(folder)
    image = photo()
    plain = detector.detect(image[:, ::-1].copy(), min_score=0.0)
    detector.config = replace(detector.config, photo_views=((1.0, True), (1.0, True)))
    found = detector.detect(image, min_score=0.0)
    assert len(found)
    # The best of them is surely in both lists, whatever merging drops further down.
    assert iou(found.boxes[:1], mirror(plain.boxes, image.shape[1])).max() > 0.9


@several_looks
def test_two_looks_find_what_one_finds(folder):
    detector = Detector.load(folder)
    one = detector.detect(photo(), size=96)
    detector.config = replace(detector.config, photo_views=((1.0, False), (1.0, False)), photo_size=96)
    two = detector.detect(photo())
    assert len(one) and abs(len(two) - len(one)) <= 0.1 * len(one)


def test_threshold_and_cap(folder):
    detector = Detector.load(folder)
    assert len(detector.detect(photo(), min_score=0.0, max_detections=3)) == 3
    assert len(detector.detect(photo(), min_score=1.0)) == 0
    # A cap takes the best of what there is, and changes no score.
    for image in (photo(), np.concatenate([photo()] * 3, axis=1)):
        all_found = detector.detect(image, min_score=0.0)
        first = detector.detect(image, min_score=0.0, max_detections=3)
        np.testing.assert_array_equal(first.scores, all_found.scores[:3])


@pytest.mark.parametrize("made", ["shelf_dense"], indirect=True)
def test_a_model_with_a_curve_of_its_scores_tells_how_likely_boxes_are_facings(folder):
    detector = Detector.load(folder)
    assert detector.detect(photo()).present is None and detector.doubtful_score("photo") == 0.15
    curves = {"photo": [[0.0, 0.5, 1.0], [0.0, 0.8, 1.0]]}
    detector = Detector(replace(detector.model, about={"calibration": curves}))
    found = detector.detect(photo())
    np.testing.assert_allclose(found.present, np.interp(found.scores, *curves["photo"]), rtol=1e-6)
    assert len(found) and detector.doubtful_score("photo") < 0.05
    assert detector.detect(photo(), "live").present is None


def test_many_sizes_and_threads_give_what_one_gives(folder):
    detector = Detector.load(folder)
    photos = [photo(64 + 32 * (i % 6), 128, i) for i in range(12)]
    expected = [Detector.load(folder).detect(p).boxes for p in photos]
    found = [None] * len(photos)

    def work(start):
        for i in range(start, len(photos), 3):
            found[i] = detector.detect(photos[i]).boxes

    threads = [threading.Thread(target=work, args=(start,)) for start in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)


@pytest.mark.parametrize(
    "image", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3))]
)
def test_what_is_no_rgb_image_is_refused(folder, image):
    with pytest.raises(ValueError, match="RGB"):
        Detector.load(folder).detect(image)


def test_an_unknown_mode_is_refused(folder):
    with pytest.raises(ValueError, match="mode"):
        Detector.load(folder).detect(photo(), mode="video")


def test_tensorflow_is_never_imported(folder):
    script = (
        "import sys, numpy; from skushare.detector.runtime import Detector;"
        f"Detector.load({str(folder)!r}).detect(numpy.zeros((64, 64, 3), numpy.uint8));"
        "print(sorted({'tensorflow', 'keras', 'streamlit'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


class TestBrokenModels:
    """Every way a folder can be broken is told in one sentence that names the file."""

    @pytest.fixture
    def copy(self, folder, tmp_path):
        for path in folder.iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
        return tmp_path

    def test_an_unknown_name(self, copy, monkeypatch):
        monkeypatch.setenv("SKUSHARE_MODELS", str(copy.parent))
        with pytest.raises(ModelError, match=copy.name):
            Detector.load("no-such-model")

    def test_a_missing_file(self, copy):
        (copy / LITERT).unlink()
        with pytest.raises(ModelError, match=LITERT):
            Detector.load(copy)

    def test_a_flipped_byte(self, copy):
        content = bytearray((copy / LITERT).read_bytes())
        content[len(content) // 2] ^= 1
        (copy / LITERT).write_bytes(content)
        with pytest.raises(ModelError, match="damaged"):
            Detector.load(copy)

    def test_a_file_that_is_no_model_though_its_hash_is_right(self, copy):
        (copy / LITERT).write_bytes(b"not a model")
        config = read_model(copy).config
        write_description(copy, config, {})
        with pytest.raises(ModelError, match=LITERT):
            Detector.load(copy).detect(photo())

    @pytest.mark.parametrize(
        "text", ["", "{}", "[]", '{"config": {}, "files": {}}', '{"config": {"x": 1}, "files": 3}']
    )
    def test_a_description_that_cannot_be_used(self, copy, text):
        (copy / "model.json").write_text(text)
        with pytest.raises(ModelError, match=r"model\.json"):
            Detector.load(copy)

    def test_what_else_is_known_is_kept(self, copy):
        assert read_model(copy).about == {"licence": "test"}
        assert set(json.loads((copy / "model.json").read_text())) == {"licence", "config", "files"}


@pytest.mark.parametrize(
    ("change", "sizes"),
    [
        ({"live_size": 64}, (64,)),
        ({"live_size": 512}, (640, 512, 416, 320)),
        ({"live_size": 544}, (640, 544, 512, 416, 320)),
        ({"live_size": 640}, (640, 512, 416, 320)),
        ({"live_size": 300, "resize": "stretch"}, (300,)),  # made for one size
    ],
)
@several_looks
def test_live_frames_may_be_of_other_sizes_where_the_network_takes_any(folder, change, sizes):
    detector = Detector.load(folder)
    detector.config = replace(detector.config, **change)
    assert detector.live_sizes == sizes


@pytest.fixture
def looks(monkeypatch):
    """The (height, width, longest side of the input) of each look that a detector takes; it finds nothing."""
    taken = []

    def look(self, image, size, min_score, max_detections):
        taken.append((*image.shape[:2], size))
        return Detections([], [], [])

    monkeypatch.setattr(Detector, "_detect_whole", look)
    return taken


@several_looks
@pytest.mark.parametrize(
    ("height", "width", "tiles", "largest"),
    [
        (16, 300, 14, 8 * 28),  # enlarged no more than eight times
        (16, 60_000, 48, 1536),
        (60_000, 16, 48, 1536),
        (16, 16, 0, 1536),
        (480, 3000, 5, 1536),
        (1000, 60_000, 45, 1536),
    ],
)
def test_thin_photos_take_bounded_work_and_others_all_they_need(folder, looks, height, width, tiles, largest):
    detector = Detector.load(folder)
    detector.config = replace(detector.config, photo_size=1536, live_size=640, facing_size=40.0)
    detector.detect(np.broadcast_to(np.zeros(3, np.uint8), (height, width, 3)))
    per_tile = 1 + len(detector.config.photo_views)  # a glance first
    assert len(looks) == per_tile * max(tiles, 1)
    assert max(size for *_, size in looks) == largest
    assert looks[0][2] == min(640, largest)


@several_looks
@pytest.mark.parametrize(
    ("facing", "size"),
    [
        (0, 256),  # nothing seen at a glance
        (25, 256),  # 40 pixels at 480
        (40, 240),
        (75, 128),  # below the live size, where facings are large
        (150, 96),  # the least that it was trained on
    ],
)
def test_a_photo_is_resized_so_that_its_facings_fit(folder, monkeypatch, facing, size):
    def look(self, image, size, min_score, max_detections):
        taken.append(size)
        count = 9 if facing else 0
        return Detections([(0, 0, facing, facing)] * count, [0.9] * count, [0] * count)

    taken = []
    monkeypatch.setattr(Detector, "_detect_whole", look)
    detector = Detector.load(folder)
    sizes = {"input_size": 96, "live_size": 160, "photo_size": 256}
    detector.config = replace(detector.config, facing_size=40.0, photo_views=((1.0, False),) * 2, **sizes)
    detector.detect(photo(180, 240))
    assert taken == [160, size, size]


@several_looks
def test_a_given_size_is_no_way_around_the_largest_of_a_strip(folder, looks):
    Detector.load(folder).detect(photo(16, 300), size=4000)
    assert {size for *_, size in looks} == {8 * 28}

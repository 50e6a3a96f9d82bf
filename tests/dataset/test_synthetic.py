import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skushare.dataset import synthetic
from skushare.dataset.coco import read_coco
from skushare.dataset.synthetic.__main__ import main
from skushare.dataset.synthetic.packs import render_pack
from skushare.dataset.synthetic.products import THEMES, random_skus
from skushare.dataset.synthetic.scene import Pack, Scene
from skushare.dataset.synthetic.shelf import _FINE, _photograph, _shelf
from skushare.errors import SkushareError
from skushare.geometry import area, iou, nms
from skushare.images import read_image
from skushare.samples import FOLDER, sample_pictures

SMALL = {"size": (480, 360), "rows": 3}


@pytest.fixture(scope="module")
def shelves():
    """One shelf a theme."""
    return {theme: synthetic.generate_shelf(7, theme=theme, **SMALL) for theme in THEMES}


@pytest.mark.parametrize("theme", THEMES)
def test_shelf_is_full_of_boxes_inside_the_picture(shelves, theme):
    shelf = shelves[theme]
    assert shelf.image.shape == (360, 480, 3) and shelf.image.dtype == np.uint8
    assert shelf.boxes.dtype == np.float32 and shelf.brand_ids.dtype == np.int32
    assert 15 <= len(shelf.boxes) == len(shelf.brand_ids) <= 150
    assert (shelf.boxes[:, :2] >= 0).all() and (shelf.boxes[:, 2:] <= [480, 360]).all()
    assert (shelf.boxes[:, 2:] - shelf.boxes[:, :2] >= 4).all()


@pytest.mark.parametrize("theme", THEMES)
def test_each_facing_is_one_box(shelves, theme):
    boxes = shelves[theme].boxes
    overlap = iou(boxes, boxes) - np.eye(len(boxes))
    assert overlap.max() < 0.5  # so that greedy suppression at the usual threshold keeps every one
    assert len(nms(boxes, np.ones(len(boxes)))) == len(boxes)
    assert area(boxes).sum() < 0.8 * 480 * 360


@pytest.mark.parametrize("theme", THEMES)
def test_brands_stand_in_blocks(shelves, theme):
    shelf = shelves[theme]
    assert shelf.brands == tuple(THEMES[theme].brands)
    assert set(shelf.brand_ids) <= set(range(len(shelf.brands))) and len(set(shelf.brand_ids)) >= 2
    centers = (shelf.boxes[:, :2] + shelf.boxes[:, 2:]) / 2
    distance = np.linalg.norm(centers[:, None] - centers[None], axis=-1) + 1e6 * np.eye(len(centers))
    assert (shelf.brand_ids[distance.argmin(1)] == shelf.brand_ids).mean() > 0.8


def test_same_seed_same_shelf():
    a, b = (synthetic.generate_shelf(3, theme="drinks", **SMALL) for _ in range(2))
    assert (a.image == b.image).all() and (a.boxes == b.boxes).all() and (a.brand_ids == b.brand_ids).all()
    c = synthetic.generate_shelf(4, theme="drinks", **SMALL)
    assert c.image.shape == a.image.shape and (c.image != a.image).any()


@pytest.mark.parametrize("tilt", [0, 1, 2])
def test_boxes_are_tight_around_the_painted_pixels(tilt):
    """Magenta packs on a bare scene: the colour in the finished photo must fill each box to its edges."""
    rng = np.random.default_rng(tilt)
    scene = Scene(rng, 960, 720, 3, "cereal")
    scene.canvas[:] = 90
    sku = random_skus(rng, "cereal", "Zumbrik", 1)[0]
    magenta = np.full((120, 90, 4), (255, 0, 255, 255), np.uint8)
    picture = dict(width=60, height=80, lift=0, depth=5, lean=0.03, picture=magenta)
    packs = [Pack(sku, x=x, **picture) for x in range(100, 900, 160)]
    for pack in packs:
        scene._paint_pack(pack, 300, pack.depth, in_front=True)
    image, owner = _photograph(rng, scene, (640, 480), tilt)
    shelf = _shelf(image, owner, scene)
    is_magenta = (image[..., 0] > 150) & (image[..., 2] > 150) & (image[..., 1] < 110)
    opened = cv2.morphologyEx(is_magenta.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(opened)
    seen = stats[np.argsort(stats[1:, cv2.CC_STAT_LEFT]) + 1, :4]
    expected = np.hstack([seen[:, :2], seen[:, :2] + seen[:, 2:]])
    assert len(expected) == len(packs) == len(shelf.boxes)
    assert abs(shelf.boxes - expected).max() <= 2


def test_covered_packs_are_not_counted():
    scene = Scene(np.random.default_rng(0), 240, 180, 2, "cereal")
    scene.packs = [type("", (), {"sku": type("", (), {"brand": "Crundlo"})})] * 3
    scene.areas = [round(400 * _FINE**2)] * 3
    owner = np.full((120, 160), -1, np.int32)
    owner[10:30, 10:30] = 0  # whole
    owner[10:17, 50:70] = 1  # 35 % of it, at the limit
    owner[10:20, 90:110] = 2  # half
    shelf = _shelf(np.zeros((120, 160, 3), np.uint8), owner, scene)
    assert shelf.boxes.tolist() == [[10, 10, 30, 30], [90, 10, 110, 20]]
    assert [shelf.brands[i] for i in shelf.brand_ids] == ["Crundlo"] * 2


def test_wide_shelf_has_several_bays():
    shelf = synthetic.generate_shelf(1, size=(900, 225), rows=3, theme="drinks")
    assert shelf.boxes[:, 0].min() < 100 and shelf.boxes[:, 2].max() > 825
    middles = (shelf.boxes[:, 0] + shelf.boxes[:, 2]) / 2
    assert (np.histogram(middles, bins=6, range=(0, 900))[0] > 3).all()


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32),
    width=st.integers(200, 500),
    height=st.integers(200, 400),
    rows=st.integers(1, 3),
    theme=st.sampled_from(list(THEMES)),
    gaps=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_any_shelf_is_sound(seed, width, height, rows, theme, gaps):
    shelf = synthetic.generate_shelf(seed, size=(width, height), rows=rows, theme=theme, gaps=gaps)
    assert shelf.image.shape == (height, width, 3)
    assert np.isfinite(shelf.boxes).all() and shelf.boxes.shape == (len(shelf.brand_ids), 4)
    assert (shelf.boxes[:, :2] < shelf.boxes[:, 2:]).all()
    assert (shelf.boxes >= 0).all() and (shelf.boxes[:, 2:] <= [width, height]).all()
    assert (len(shelf.boxes) == 0) == (gaps == 1)


@pytest.mark.parametrize("options", [{"theme": "cars"}, {"rows": 0}, {"size": (100, 100), "rows": 2}])
def test_refuses_impossible_shelves(options):
    with pytest.raises(ValueError):
        synthetic.generate_shelf(0, **options)


@pytest.mark.parametrize("theme", THEMES)
def test_packs_have_the_asked_shape_and_an_outline(theme):
    rng = np.random.default_rng(0)
    for brand in THEMES[theme].brands:
        for sku in random_skus(rng, theme, brand, 2):
            pack = render_pack(sku, 200, 0.5)
            assert pack.dtype == np.uint8 and pack.shape[2] == 4
            assert abs(pack.shape[1] / pack.shape[0] - sku.aspect) < 0.02
            solid = pack[..., 3] > 128
            ys, xs = np.nonzero(solid)
            assert solid.mean() > 0.6 and solid[len(solid) // 2, solid.shape[1] // 2]
            # The outline fills the picture, or boxes would be loose.
            assert np.ptp(ys) > 0.97 * pack.shape[0] and np.ptp(xs) > 0.93 * pack.shape[1]


def test_flavors_of_a_brand_look_different():
    a, b = random_skus(np.random.default_rng(0), "cereal", "Crundlo", 2)
    assert a.shape == b.shape and a.flavor != b.flavor
    assert abs(render_pack(a, 120).astype(int) - render_pack(b, 120)).mean() > 1


def test_dataset_is_read_back(tmp_path, capsys):
    arguments = [str(tmp_path / "new"), "--count", "3", "--seed", "5", "--size", "320", "240", "--rows", "2"]
    main([*arguments, "--themes", "care", "pantry"])
    assert "annotations.json" in capsys.readouterr().out
    folder = tmp_path / "new"
    dataset = read_coco(folder / "annotations.json")
    assert dataset.labels == ("sku",)
    assert [s.path.name for s in dataset.samples] == [
        "shelf_care.jpg",
        "shelf_pantry.jpg",
        "shelf_care_2.jpg",
    ]
    for index, sample in enumerate(dataset.samples):
        theme = ("care", "pantry")[index % 2]
        shelf = synthetic.generate_shelf([5, index], size=(320, 240), rows=2, theme=theme)
        assert read_image(sample.path).shape == (sample.height, sample.width, 3) == (240, 320, 3)
        assert np.allclose(sample.boxes, shelf.boxes)
    content = json.loads((folder / "annotations.json").read_text())
    assert {a["brand"] for a in content["annotations"]} <= {*THEMES["care"].brands, *THEMES["pantry"].brands}
    assert len({a["id"] for a in content["annotations"]}) == len(content["annotations"])


def test_dataset_needs_a_folder_that_can_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SkushareError, match="file"):
        synthetic.write_dataset(tmp_path / "file", 1, **SMALL)


def test_bundled_pictures_are_those_of_the_generator():
    """The note beside them names the command; the first picture is drawn again."""
    dataset = read_coco(FOLDER / "annotations.json", images=FOLDER)
    assert sample_pictures() == sorted(s.path for s in dataset.samples)
    for sample in dataset.samples:
        assert 60 <= len(sample.boxes) <= 110
        assert sample.path.stat().st_size < 400_000
        assert read_image(sample.path).shape == (sample.height, sample.width, 3)
    again = synthetic.generate_shelf([9, 0], rows=4, theme="cereal")
    assert abs(dataset.samples[0].boxes - again.boxes).max() <= 1
    picture = read_image(dataset.samples[0].path)
    assert abs(picture.astype(int) - again.image).mean() < 4  # but for the second JPEG

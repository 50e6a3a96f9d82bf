import hashlib
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from skushare.dataset import tfrecord
from skushare.dataset.dataset import Dataset, Sample
from skushare.dataset.formats import read_dataset, write_dataset
from skushare.dataset.messages import Example
from skushare.dataset.tfrecord import read_records, tfrecord_files, write_records
from skushare.errors import DatasetError

RECORDS = [b"first", b"", bytes(range(30))]


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr("os.fsync", lambda handle: None)


def sample(path, boxes=(), class_ids=None, scores=None, split="train", size=(40, 24)):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(cv2.imencode(path.suffix, np.full((size[1], size[0], 3), 9, np.uint8))[1].tobytes())
    return Sample(path, *size, boxes, class_ids, scores, split)


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / "in"
    samples = (
        sample(folder / "a b.jpg", [[4, 6, 20, 18], [0, 0, 40, 12]], [1, 0], [1, 0.5]),
        sample(folder / "é.png"),
        sample(folder / "c.jpg", [[1, 1, 9, 9]], split="val"),
    )
    return Dataset("shop", samples, ("soup", "tea"))


def damaged(content):
    """Every way to flip a byte or to cut the end off."""
    for at in range(len(content)):
        yield content[:at] + bytes([content[at] ^ 0x20]) + content[at + 1 :]
    for at in range(len(content)):
        yield content[:at]


def test_records_come_back(tmp_path):
    count, digest = write_records(tmp_path / "r", RECORDS)
    assert list(read_records(tmp_path / "r", (count, digest))) == RECORDS and count == 3
    assert digest == hashlib.sha256((tmp_path / "r").read_bytes()).hexdigest()


def test_a_byte_flipped_or_a_tail_cut_anywhere_is_reported(tmp_path):
    expected = write_records(tmp_path / "r", RECORDS)
    for content in damaged((tmp_path / "r").read_bytes()):
        (tmp_path / "r").write_bytes(content)
        with pytest.raises(DatasetError, match="r"):
            list(read_records(tmp_path / "r", expected))


def test_without_the_sidecar_all_is_reported_but_a_cut_between_records(tmp_path):
    write_records(tmp_path / "r", RECORDS)
    silent = 0
    for content in damaged((tmp_path / "r").read_bytes()):
        (tmp_path / "r").write_bytes(content)
        try:
            assert (
                list(read_records(tmp_path / "r")) == RECORDS[: sum(1 for _ in read_records(tmp_path / "r"))]
            )
            silent += 1
        except DatasetError:
            pass
    assert silent == len(RECORDS)  # after none, one and two records


def test_damage_to_any_file_of_a_dataset_is_reported(dataset, tmp_path):
    write_dataset(dataset, tmp_path / "out", "tfrecord")
    read_dataset(tmp_path / "out")
    for name in ("tfrecord.json", "label_map.pbtxt"):
        path = tmp_path / "out" / name
        whole = path.read_bytes()
        for content in damaged(whole):
            if content.split() != whole.split():  # a blank more or less means nothing
                path.write_bytes(content)
                with pytest.raises(DatasetError):
                    read_dataset(tmp_path / "out")
        path.write_bytes(whole)
    path = tmp_path / "out" / "train-00000-of-00001.tfrecord"
    for content in list(damaged(path.read_bytes()))[::61]:
        path.write_bytes(content)
        with pytest.raises(DatasetError, match="train-00000"):
            read_dataset(tmp_path / "out")


def test_a_missing_file_is_reported(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(tfrecord, "SHARD_BYTES", 1)
    write_dataset(dataset, tmp_path / "out", "tfrecord")
    files = [path.name for _, path in tfrecord_files(tmp_path / "out")]
    assert files == [f"train-{i:05}-of-00002.tfrecord" for i in (0, 1)] + ["val-00000-of-00001.tfrecord"]
    (tmp_path / "out" / files[2]).unlink()
    with pytest.raises(DatasetError, match="val-00000"):
        read_dataset(tmp_path / "out")
    (tmp_path / "out" / "tfrecord.json").unlink()
    assert len(read_dataset(tmp_path / "out")) == 2
    (tmp_path / "out" / files[0]).unlink()
    with pytest.raises(DatasetError, match="train.* 00000 of 00002"):
        read_dataset(tmp_path / "out")


def test_plain_tensorflow_reads_the_documented_features(dataset, tmp_path):
    import tensorflow as tf

    write_dataset(dataset, tmp_path / "out", "tfrecord")
    fixed = {
        f"image/{key}": tf.io.FixedLenFeature([], tf.string) for key in ("encoded", "format", "filename")
    }
    fixed |= {f"image/{key}": tf.io.FixedLenFeature([], tf.string) for key in ("source_id", "key/sha256")}
    fixed |= {f"image/{key}": tf.io.FixedLenFeature([], tf.int64) for key in ("height", "width")}
    sides = [f"image/object/bbox/{side}" for side in ("xmin", "ymin", "xmax", "ymax")]
    several = {side: tf.io.VarLenFeature(tf.float32) for side in sides}
    several["image/object/class/text"] = tf.io.VarLenFeature(tf.string)
    several["image/object/class/label"] = tf.io.VarLenFeature(tf.int64)
    files = sorted(map(str, (tmp_path / "out").glob("*.tfrecord")))
    found = {}
    for record in tf.data.TFRecordDataset(files):
        row = tf.io.parse_single_example(record, fixed | several)
        found[row["image/filename"].numpy().decode()] = row
    assert found.keys() == {"a b.jpg", "é.png", "c.jpg"}
    row = found["a b.jpg"]
    pixels = tf.io.decode_image(row["image/encoded"]).numpy()
    assert pixels.shape[:2] == (row["image/height"].numpy(), row["image/width"].numpy()) == (24, 40)
    assert row["image/format"].numpy() == b"jpeg" and found["é.png"]["image/format"].numpy() == b"png"
    boxes = np.stack([tf.sparse.to_dense(row[side]).numpy() for side in sides], axis=1)
    np.testing.assert_allclose(boxes, [[0.1, 0.25, 0.5, 0.75], [0, 0, 1, 0.5]])
    assert tf.sparse.to_dense(row["image/object/class/text"]).numpy().tolist() == [b"tea", b"soup"]
    assert tf.sparse.to_dense(row["image/object/class/label"]).numpy().tolist() == [2, 1]
    assert found["é.png"]["image/object/class/label"].shape[0] == 0


@pytest.mark.parametrize("suffix", [".webp", ".bmp", ".jpg"])
def test_what_tensorflow_cannot_show_is_encoded_anew_and_upright(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    turned = Image.Exif()
    turned[0x0112] = 6  # a photo taken with the phone upright, stored lying
    Image.fromarray(np.zeros((24, 40, 3), np.uint8)).save(
        path, **({"exif": turned} if suffix == ".jpg" else {})
    )
    size = (24, 40) if suffix == ".jpg" else (40, 24)
    write_dataset(Dataset("d", (sample(path, size=size),), ("soup",)), tmp_path / "out", "tfrecord")
    (record,) = read_records(tmp_path / "out" / "train-00000-of-00001.tfrecord")
    (encoded,) = Example.FromString(record).features.feature["image/encoded"].bytes_list.value
    with Image.open(io.BytesIO(encoded)) as picture:
        assert picture.format == "JPEG" and picture.size == size and not picture.getexif()


def write_foreign(path, **features):
    path.parent.mkdir(exist_ok=True)
    example = Example()
    pixels = cv2.imencode(".jpg", np.zeros((20, 20, 3), np.uint8))[1].tobytes()
    for key, value in ({"encoded": [pixels], "filename": [b"a.jpg"]} | features).items():
        kinds = {bytes: "bytes_list", float: "float_list", int: "int64_list"}
        feature = example.features.feature["image/" + key.replace("__", "/")]
        values = getattr(feature, kinds[type(value[0])] if value else "int64_list")
        values.SetInParent()
        values.value.extend(value)
    write_records(path, [example.SerializeToString()])


ONE_BOX = {
    f"object__bbox__{side}": [value]
    for side, value in zip(("xmin", "ymin", "xmax", "ymax"), (0.0, 0.0, 0.5, 0.5), strict=True)
}


@pytest.mark.parametrize(
    ("features", "label"),
    [
        ({"object__class__text": [b"tea"], "object__class__label": [1]}, "tea"),  # the name counts
        ({"object__class__label": [1]}, "soup"),  # by the label map
        ({"object__class__label": [7]}, "class 7"),
    ],
)
def test_files_of_other_programs_are_read_without_sidecar(tmp_path, features, label):
    (tmp_path / "label_map.pbtxt").write_text("item { id: 1 name: 'soup' }")
    write_foreign(tmp_path / "coco_train.record-00000-of-00001", **ONE_BOX, **features)
    dataset = read_dataset(tmp_path)
    (found,) = dataset.samples
    assert dataset.labels[found.class_ids[0]] == label and found.split == "train"
    assert (found.width, found.height) == (20, 20) and found.boxes.tolist() == [[0, 0, 10, 10]]
    assert not dataset.provenance["verified"]
    assert len(read_dataset(tmp_path / "coco_train.record-00000-of-00001")) == 1


def test_a_folder_a_split_has_its_own_label_map(tmp_path):
    for folder, number in (("valid", 2), ("train", 1)):
        (tmp_path / folder).mkdir()
        others = "item { id: 3 name: 'jam' }" if folder == "valid" else ""
        text = f"{others} item {{ id: {number} name: 'tea' }} item {{ id: {3 - number} name: 'soup' }}"
        (tmp_path / folder / "Products_label_map.pbtxt").write_text(text)
        write_foreign(tmp_path / folder / "Products.tfrecord", **ONE_BOX, object__class__label=[number])
    dataset = read_dataset(tmp_path)
    assert dataset.provenance["format"] == "tfrecord" and dataset.splits == ("train", "val")
    assert [dataset.labels[sample.class_ids[0]] for sample in dataset.samples] == ["tea", "tea"]
    assert [sample.path.parent.parent.name for sample in dataset.samples] == ["train", "valid"]


@pytest.mark.parametrize("mark", ["is_crowd", "group_of", "difficult"])
@pytest.mark.parametrize("value", [0, 1])
def test_crowds_groups_and_difficult_boxes_are_regions_to_be_ignored(tmp_path, mark, value):
    marks = {f"object__{mark}": [value]}
    write_foreign(tmp_path / "a.tfrecord", **ONE_BOX, object__class__text=[b"t"], **marks)
    assert read_dataset(tmp_path).samples[0].ignored.tolist() == [value == 1]


@pytest.mark.parametrize(
    "key",
    ["object__is_crowd", "object__group_of", "object__difficult", "object__weight", "format", "width"],
)
def test_a_list_without_values_is_as_none(tmp_path, key):
    write_foreign(tmp_path / "a.tfrecord", **ONE_BOX, object__class__text=[b"t"], **{key: []})
    assert read_dataset(tmp_path).samples[0].scores.tolist() == [1]


@pytest.mark.parametrize(
    "features",
    [
        {"filename": [b""]},
        {"filename": [3]},
        {"filename": [b"\xff"]},
        {"encoded": [2]},
        {"key__sha256": [b"0"]},
        {**ONE_BOX},  # a box without class
        {**ONE_BOX, "object__bbox__xmin": [float("nan")], "object__class__text": [b"t"]},
        {**ONE_BOX, "object__bbox__xmin": [1], "object__class__text": [b"t", b"t"]},
    ],
)
def test_a_record_that_makes_no_sense_is_named_and_writes_nothing_outside(tmp_path, features):
    write_foreign(tmp_path / "in" / "a.tfrecord", **features)
    with pytest.raises(DatasetError, match=r"a\.tfrecord, record 1"):
        read_dataset(tmp_path / "in")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize(
    ("names", "place"),
    [
        ({"filename": [b"../outside.jpg"]}, "outside.jpg"),
        ({"filename": [b"/tmp/outside.jpg"]}, "outside.jpg"),
        ({"filename": [rb"C:\shop\b.jpg"]}, "b.jpg"),
        ({"filename": [b"shop/b.jpg"]}, "shop/b.jpg"),
        ({"filename": [b""], "source_id": [b"17"]}, "17.jpg"),
    ],
)
def test_a_name_on_the_makers_computer_leads_to_a_file_among_the_pictures(tmp_path, names, place):
    write_foreign(tmp_path / "in" / "a.tfrecord", **names)
    assert [sample.path for sample in read_dataset(tmp_path / "in").samples] == [
        tmp_path / "in" / "images" / place
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_file_that_is_no_picture_gets_a_pictures_name(tmp_path):
    write_foreign(tmp_path / "a.tfrecord", filename=[b"run.sh"])
    assert read_dataset(tmp_path).samples[0].path.name == "run.sh.jpg"


def test_a_users_file_is_not_overwritten_and_an_interrupted_reading_goes_on(tmp_path):
    write_foreign(tmp_path / "a.tfrecord")
    path = read_dataset(tmp_path).samples[0].path
    whole = path.read_bytes()
    path.write_bytes(whole[:50])
    assert read_dataset(tmp_path).samples[0].path.read_bytes() == whole
    path.write_bytes(b"mine")
    with pytest.raises(DatasetError, match="--images"):
        read_dataset(tmp_path)
    assert path.read_bytes() == b"mine"
    assert read_dataset(tmp_path, tmp_path / "other").samples[0].path == tmp_path / "other" / "a.jpg"


def test_a_length_beyond_the_file_is_not_allocated(tmp_path):
    length = (1 << 62).to_bytes(8, "little")
    crc = tfrecord.masked_crc(length).to_bytes(4, "little")
    (tmp_path / "a.tfrecord").write_bytes(length + crc + b"tail")
    with pytest.raises(DatasetError, match="cut short"):
        read_dataset(tmp_path)


def test_the_sidecar_tells_records_and_hashes(dataset, tmp_path):
    write_dataset(dataset, tmp_path / "out", "tfrecord")
    content = json.loads((tmp_path / "out" / "tfrecord.json").read_text())
    assert content["train-00000-of-00001.tfrecord"]["records"] == 2
    for name, entry in content.items():
        assert entry["sha256"] == hashlib.sha256(Path(tmp_path, "out", name).read_bytes()).hexdigest()

import io
import tarfile

import numpy as np
import pytest

from skushare.detector.presets import SHELF_DENSE, SSD_MOBILENET_V2_320
from skushare.errors import SkushareError
from skushare.training.choices import chosen_weights, weight_choices, weights_name
from skushare.training.intake import add_weights, weight_files
from skushare.training.plan import find_weights
from skushare.workspace import weights_folder


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path))


def file(name, content):
    made = io.BytesIO(content)
    made.name = name
    return made


def archive(*names):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as packed:
        for name in names:
            packed.addfile(tarfile.TarInfo(name), io.BytesIO())
    return out.getvalue()


def arrays(**named):
    out = io.BytesIO()
    np.savez(out, **named)
    return out.getvalue()


ZOO = archive(
    "net/checkpoint/ckpt-0.index", "net/checkpoint/ckpt-0.data-00000-of-00001", "net/pipeline.config"
)


@pytest.mark.parametrize(
    ("name", "content"), [("net.tar.gz", ZOO), ("mine.npz", arrays(**{"Conv1/0": np.zeros(3)}))]
)
def test_what_was_brought_is_kept_whole_and_can_be_chosen(name, content):
    path = add_weights(file(name, content))
    assert path.read_bytes() == content and weight_files() == [path]
    for detector in (SHELF_DENSE, SSD_MOBILENET_V2_320):
        choices = weight_choices(detector)
        assert name in choices[str(path)]
        assert chosen_weights(str(find_weights(path)), choices) == str(path)
    assert weights_name(str(path)) == name


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("net.tar.gz", b""),
        ("net.tar.gz", ZOO[:60]),
        ("net.tar.gz", archive("net/saved_model.pb")),
        ("mine.npz", b"PK\x03\x04"),
        ("mine.npz", arrays(other=np.zeros(3))),
        ("mine.npz", arrays(**{"Conv1/0": np.zeros(3)})[:-40]),
        ("model.h5", b"\x89HDF"),
        ("-rf.npz", b""),
        ("a b.npz", b""),
    ],
)
def test_what_cannot_be_used_is_named_and_not_kept(name, content):
    with pytest.raises(SkushareError, match=name.replace(".", r"\.")):
        add_weights(file(name, content))
    assert not weights_folder().exists() or not list(weights_folder().iterdir())


def test_weights_that_a_run_may_begin_with_are_not_replaced_by_others_of_their_name():
    first, other = (arrays(**{"Conv1/0": np.full(3, value)}) for value in (0.0, 1.0))
    path = add_weights(file("weights.npz", first))
    assert add_weights(file("weights.npz", first)) == path
    with pytest.raises(SkushareError, match=r"weights\.npz: there are other"):
        add_weights(file("weights.npz", other))
    assert path.read_bytes() == first


def test_a_workspace_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "file"))
    with pytest.raises(SkushareError, match="weights: cannot be written"):
        add_weights(file("net.tar.gz", ZOO))

import io
import stat
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.dataset.archive import Limits, extract, extract_tar, file_names
from skushare.errors import DatasetError, SkushareError

GOOD = {"set/images/a.jpg": b"picture", "set/labels.JSON": b"{}", "set/train.tfrecord-00000-of-00002": b"1"}
CLASS_FILES = {"classes.txt": b"tea", "obj.names": b"tea", "train/_darknet.labels": b"tea", "a.pbtxt": b""}


def zipped(files, method=zipfile.ZIP_DEFLATED):
    """Bytes of a zip; keys are names or ``ZipInfo``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def entry(name="x.jpg", mode=None, **attributes):
    info = zipfile.ZipInfo(name)
    if mode:
        info.external_attr = mode << 16
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info


def unpacked(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def assert_refused(data, folder, match="", limits=None, extract=extract):
    before = set(folder.parent.rglob("*"))
    with pytest.raises(DatasetError, match=match):
        extract(io.BytesIO(data), folder, limits)
    assert set(folder.parent.rglob("*")) == before


def test_pictures_and_labels_come_out_as_they_are(tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped(GOOD))
    seen = []
    result = extract(tmp_path / "a.zip", tmp_path / "out", progress=seen.append)
    assert unpacked(tmp_path / "out") == GOOD
    assert result.files == tuple(GOOD) and result.skipped == () and seen == [7, 9, 10]


def test_files_of_class_names_come_out_too(tmp_path):
    result = extract(io.BytesIO(zipped(CLASS_FILES)), tmp_path / "out")
    assert unpacked(tmp_path / "out") == CLASS_FILES and result.skipped == ()


def test_a_zip_with_backslashes_is_unpacked_into_its_folders(tmp_path):
    extract(
        io.BytesIO(zipped({name.replace("/", "\\"): data for name, data in GOOD.items()})), tmp_path / "out"
    )
    assert unpacked(tmp_path / "out") == GOOD


def test_names_in_utf8_that_the_zip_does_not_mark_come_out_right(tmp_path):
    data = bytearray(zipped({"K\u00fche.jpg": b"1", "plain.jpg": b"2"}))
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):  # the flags, as macOS leaves them
        at = -1
        while (at := data.find(mark, at + 1)) >= 0:
            data[at + offset : at + offset + 2] = bytes(2)
    extract(io.BytesIO(data), tmp_path / "out")
    assert unpacked(tmp_path / "out").keys() == {"K\u00fche.jpg", "plain.jpg"}


def test_other_kinds_of_files_are_left_out_and_told_but_for_clutter(tmp_path):
    others = {"run.sh": b"rm", "notes.docx": b"x", "__MACOSX/._a.jpg": b"x", "set/.DS_Store": b"x", "e/": b""}
    result = extract(io.BytesIO(zipped(GOOD | others)), tmp_path / "out")
    assert unpacked(tmp_path / "out") == GOOD and result.skipped == ("run.sh", "notes.docx")


@pytest.mark.parametrize(
    "name",
    [
        "../a.jpg",
        "set/../../a.jpg",
        "/etc/a.jpg",
        "//host/a.jpg",
        "..\\a.jpg",
        "set/..\\a.jpg",
        "C:\\a.jpg",
        "c:a.jpg",
        "../",
        "set/\na.jpg",
        "../run.sh",  # even where the file would be left out
    ],
)
def test_a_name_that_leads_out_refuses_the_archive(tmp_path, name):
    (tmp_path / "deep").mkdir()
    assert_refused(zipped(GOOD | {name: b"x"}), tmp_path / "deep" / "out", "leads out")


def test_a_name_too_long_for_the_disk_is_told_unless_the_file_is_left_out(tmp_path):
    name = "\u4e2d" * 100  # Windows takes 255 letters, most disks of Linux 255 bytes
    assert_refused(zipped(GOOD | {f"set/{name}.jpg": b"x"}), tmp_path / "out", f"{name}.jpg.*too long")
    extract(io.BytesIO(zipped(GOOD | {f"{name}.docx": b"x"})), tmp_path / "out")
    assert unpacked(tmp_path / "out") == GOOD


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_refuse_the_archive(tmp_path, kind):
    assert_refused(zipped({entry(mode=kind | 0o777): b"/etc/passwd"}), tmp_path / "out", "link or a device")


def test_a_password_is_named(tmp_path):
    data = bytearray(zipped({"a.jpg": b"x"}))
    for header in (b"PK\x03\x04", b"PK\x01\x02"):
        data[data.index(header) + (6 if header[2] == 3 else 8)] |= 1
    assert_refused(bytes(data), tmp_path / "out", "password")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_unpack_without_bound_are_refused(tmp_path, method):
    assert_refused(zipped({"a.jpg": b"x"}, method), tmp_path / "out", "unusual method")


@pytest.mark.parametrize(
    ("files", "limits", "match"),
    [
        ({"a.jpg": bytes(5 << 20)}, Limits(), "50 times"),
        ({f"{i}.jpg": bytes(1 << 20) for i in range(4)}, Limits(), "50 times"),  # small each, large together
        ({"a.jpg": b"12345", "b.jpg": b"12345"}, Limits(bytes=9), "holds more"),
        ({f"{i}.jpg": b"" for i in range(4)}, Limits(files=3), "more than 3 files"),
        ({"a.jpg": b"1"}, Limits(free=1 << 60), "free some space"),
    ],
)
def test_bombs_and_full_disks_are_refused(tmp_path, files, limits, match):
    assert_refused(zipped(files), tmp_path / "out", match, limits)


def test_a_size_that_lies_is_refused(tmp_path):
    data = bytearray(zipped({"a.jpg": bytes(5 << 20)}))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    assert_refused(bytes(data), tmp_path / "out", "damaged")


@pytest.mark.parametrize("names", [("a.jpg", "a.jpg"), ("a/b.jpg", "a//b.jpg"), ("a.jpg", "a.jpg/b.jpg")])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_never_become_one_file(tmp_path, names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    assert_refused(buffer.getvalue(), tmp_path / "out", "same file")


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "damaged"),
        (b"not a zip", "damaged"),
        (zipped(GOOD)[:-30], "damaged"),
        (zipped({}), "neither"),
        (zipped({"read.me": b"x"}), "neither"),
        (zipped({"read.me": b"x", "data/in.zip": b"x"}), "but the archive 'data/in.zip'; unpack that"),
    ],
)
def test_what_is_no_archive_of_pictures_is_told(tmp_path, data, match):
    assert_refused(data, tmp_path / "out", match)


@given(st.data())
def test_any_damage_is_an_error_or_harmless(tmp_path_factory, data):
    """Bytes are overwritten and the end is cut: never another exception, never a file outside."""
    content = bytearray(zipped(GOOD))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    folder = tmp_path_factory.mktemp("damage")
    (folder / "a.zip").write_bytes(content)
    assert {path.name for path in file_names(folder / "a.zip")}.isdisjoint({"", ".."})
    try:
        extract(folder / "a.zip", folder / "out")
    except DatasetError:
        assert [p.name for p in folder.iterdir()] == ["a.zip"]
    assert {p.name for p in folder.iterdir()} <= {"a.zip", "out"}


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (
            zipped({"a/b.jpg": b"", "a/": b"", "a\\c.txt": b"", "__MACOSX/d": b"", ".e": b""}),
            ["a/b.jpg", "a/c.txt"],
        ),
        (zipped({"a/b.jpg": b"", "../c.jpg": b""}), []),
        (zipped(GOOD)[:-30], []),
        (b"", []),
    ],
)
def test_the_names_of_files_can_be_told_without_unpacking(data, names):
    assert list(map(str, file_names(io.BytesIO(data)))) == names


def test_missing_archives_and_used_folders_are_named(tmp_path):
    with pytest.raises(SkushareError, match=r"none\.zip"):
        extract(tmp_path / "none.zip", tmp_path / "out")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kept").touch()
    with pytest.raises(SkushareError, match="exists already"):
        extract(io.BytesIO(zipped(GOOD)), tmp_path / "out")
    assert (tmp_path / "out" / "kept").exists()


def tarred(files, kind=tarfile.REGTYPE):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(directory := tarfile.TarInfo("./"))
        directory.type = tarfile.DIRTYPE
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = len(content), kind, "/etc/passwd"
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_a_tar_comes_out_as_it_is(tmp_path):
    extract_tar(io.BytesIO(tarred(GOOD)), tmp_path / "out")
    assert unpacked(tmp_path / "out") == GOOD


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (tarred({"../a.jpg": b"x"}), "leads out"),
        (tarred({"/a.jpg": b"x"}), "leads out"),
        (tarred({"a.jpg": b""}, tarfile.SYMTYPE), "link"),
        (tarred({"a.jpg": b""}, tarfile.LNKTYPE), "link"),
        (tarred({"a.jpg": bytes(5 << 20)}), "50 times"),
        (tarred(GOOD)[:-9], "damaged"),
        (tarred(GOOD)[:-8] + bytes(8), "damaged"),  # the checksum at the end
        (b"not a tar", "damaged"),
        (b"", "damaged"),
    ],
)
def test_a_wrong_tar_is_refused(tmp_path, data, match):
    assert_refused(data, tmp_path / "out", match, extract=extract_tar)

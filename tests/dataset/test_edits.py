import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.dataset import edits
from skushare.dataset.edits import (
    append_edit,
    append_redo,
    append_undo,
    change_table,
    read_history,
)
from skushare.errors import DatasetError

A, B, C = (0, 0, 5, 5, 0, 1), (1, 1, 6, 6, 0, 0.5), (2, 2, 7, 7, 1, 1)


def reasons(edits):
    return [edit.reason for edit in edits]


def play(path, moves):
    """Do ``moves`` on a journal; what must hold then and what must be undone, as a list model says."""
    done, undone = [], []
    for number, move in enumerate(moves):
        past = read_history(path)
        if move == "undo" and done:
            append_undo(path, past)
            undone.append(done.pop())
        elif move == "redo" and undone:
            append_redo(path, past)
            done.append(undone.pop())
        elif move in ("edit", "all"):
            reason = f"{number} é\n"
            values = (
                {"version": number + 1}
                if move == "all"
                else {"image": "a.jpg", "before": (A,), "after": (None,)}
            )
            append_edit(path, past, reason=reason, **values)
            done.append(reason)
            undone.clear()
    return done, undone


MOVES = st.lists(st.sampled_from(["edit", "edit", "all", "undo", "redo"]), max_size=12)


@given(MOVES)
def test_undo_and_redo_go_through_the_edits_like_a_list(tmp_path_factory, moves):
    path = tmp_path_factory.mktemp("journal") / "edits.jsonl"
    done, undone = play(path, moves)
    past = read_history(path)
    assert (reasons(past.done), reasons(past.undone)) == (done, undone) and not past.warnings
    kinds = [edit.version for edit in past.done]
    assert past.version == max(kinds, default=0)
    assert all(edit.version == 0 for edit in past.changes)
    assert [edit.version for edit in past.done][: len(kinds) - len(past.changes)][-1:] in ([], [past.version])


@given(MOVES, st.data())
def test_a_journal_cut_anywhere_loses_only_the_line_that_was_cut(tmp_path_factory, moves, data):
    path = tmp_path_factory.mktemp("journal") / "edits.jsonl"
    play(path, moves)
    whole = path.read_bytes() if path.exists() else b""
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    past = read_history(path)
    lines = whole[:cut].count(b"\n")
    assert past.last == lines and past.size == whole[:cut].rfind(b"\n") + 1
    assert len(past.warnings) == (past.size < cut)
    # The next edit takes the place of the half line.
    append_edit(path, past, image="b.jpg", before=(None,), after=(B,), reason="next")
    after = read_history(path)
    assert after.last == lines + 1 and not after.warnings and after.done[-1].reason == "next"
    assert after.done[:-1] == past.done


def test_lines_that_were_read_are_not_read_again(tmp_path, monkeypatch):
    path, read, parse = tmp_path / "edits.jsonl", [], edits._edit
    monkeypatch.setattr(edits, "_edit", lambda record: read.append(record["number"]) or parse(record))
    play(path, ["edit", "edit", "undo", "edit", "all"])
    assert read_history(path) is read_history(path) and read == [1, 2, 4, 5]


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [],
        lambda lines: lines[:2],
        lambda lines: lines[1:],
        lambda lines: [b"nonsense\n", *lines],
        lambda lines: [*lines, b"nonsense\n", lines[0], b"half"],
        lambda lines: [lines[0].replace(b"a.jpg", b"b.jpg"), *lines[1:]],  # of the same size
        lambda lines: [lines[1], lines[0], *lines[2:], *lines],
    ],
)
def test_a_journal_that_did_not_only_grow_is_read_anew(tmp_path, change):
    path = tmp_path / "edits.jsonl"
    play(path, ["edit", "edit", "undo", "all", "edit"])
    read_history(path)
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(True))))
    after = read_history(path)
    edits._last_read.cache_clear()
    assert after == read_history(path)


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[]",
        b"{}",
        b'{"number": 2}',
        b'{"number": "x", "time": "", "reason": ""}',
        b'{"number": 2, "time": "", "reason": "", "before": [[1]], "after": [[2]]}',
        b'{"number": 2, "time": "", "reason": "", "before": [null], "after": []}',
        b"\xff\xfe",
    ],
)
def test_a_line_that_cannot_be_understood_is_named_and_the_others_hold(tmp_path, line, caplog):
    path = tmp_path / "edits.jsonl"
    play(path, ["edit"])
    path.write_bytes(path.read_bytes() + line + b"\n")
    append_edit(path, read_history(path), image="a.jpg", before=(None,), after=(A,), reason="later")
    past = read_history(path)
    assert len(past.done) == 2 and past.done[-1].reason == "later"
    assert caplog.text.count("line 2 cannot be understood") == 1  # not again with each further edit
    assert "line 2" in past.warnings[0]


def test_a_line_says_when_what_and_why(tmp_path):
    path = tmp_path / "edits.jsonl"
    append_edit(path, read_history(path), image="a.jpg", before=(A, None), after=(None, B), reason="moved")
    line = json.loads(path.read_text())
    assert line.pop("time").endswith("+00:00")
    expected = {
        "number": 1,
        "reason": "moved",
        "image": "a.jpg",
        "before": [list(A), None],
        "after": [None, list(B)],
    }
    assert line == expected


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "edits.jsonl"
    play(path, ["edit"])
    before = path.read_bytes()
    monkeypatch.setattr(
        "os.fsync", lambda number: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(DatasetError, match="No space left"):
        play(path, ["edit"])
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "before, after, result",
    [
        ((), (), [A, B, B]),
        ((A,), (C,), [C, B, B]),
        ((B,), (None,), [A, B]),
        ((B, B), (None, None), [A]),
        ((None,), (C,), [A, B, B, C]),
        ((A, B), (B, A), [B, A, B]),  # exchanged, not mixed up
        ((C,), (A,), None),
        ((B, B, B), (None, None, None), None),
    ],
)
def test_a_change_finds_its_boxes_or_is_refused(before, after, result):
    changed = change_table(np.float32([A, B, B]), before, after)
    assert (changed is None) if result is None else np.array_equal(changed, np.float32(result))


def test_an_image_without_boxes_can_get_some():
    assert change_table(np.zeros((0, 6), np.float32), (None,), (A,)).tolist() == [list(map(float, A))]

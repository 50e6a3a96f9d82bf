"""The vectors that the browser app is tested with are what skushare finds today."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def _tool(name="make_vectors"):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _assert_close(found, kept, where):
    if isinstance(kept, dict):
        assert found.keys() == kept.keys(), where
        for key, value in kept.items():
            _assert_close(found[key], value, f"{where}.{key}")
    elif isinstance(kept, list):
        assert len(found) == len(kept), where
        for index, value in enumerate(kept):
            _assert_close(found[index], value, f"{where}[{index}]")
    elif isinstance(kept, float):
        assert found == pytest.approx(kept, abs=2e-3, rel=1e-4), where
    else:
        assert found == kept, where


def test_vectors_are_what_the_code_finds():
    maker = _tool()
    found = json.loads(json.dumps(maker.vectors()))
    assert {path.stem for path in maker.FOLDER.glob("*.json")} == found.keys()
    for name, content in found.items():
        kept = json.loads((maker.FOLDER / f"{name}.json").read_text())
        _assert_close(content, kept, f"tests/vectors/{name}.json (run tools/make_vectors.py)")


def test_vectors_are_small():
    assert sum(path.stat().st_size for path in _tool().FOLDER.glob("*.json")) < 400_000


@pytest.mark.parametrize("name", ["make_vectors", "make_demo_gallery"])
def test_who_asks_a_tool_for_help_gets_no_files(monkeypatch, capsys, name):
    monkeypatch.setattr("sys.argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        _tool(name).main()
    assert ended.value.code == 0 and name in capsys.readouterr().out

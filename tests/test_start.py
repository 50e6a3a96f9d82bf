"""The start script, on copies of it with pretended interpreters and environments: nothing is installed."""

import ast
import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "start.py"


def stub(path, *lines):
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


def interpreter(path, version, complete=True):
    """A stub that answers the start script's question as Python ``version`` would."""
    answer = [version, str(path)] + ["complete"] * complete
    return stub(path, *(f"echo '{line}'" for line in answer), f"exit {int(not complete)}")


@pytest.fixture
def project(tmp_path):
    """A folder, with a space in its name, that holds the start script and what it reads."""
    folder = tmp_path / "my shelf"
    folder.mkdir()
    shutil.copy(SCRIPT, folder)
    for name in ("requirements.txt", "requirements-test.txt", "pyproject.toml"):
        (folder / name).write_text(f"# {name}\n")
    return folder


@pytest.fixture
def start(project):
    """The copied script as a module, its installations only noted in ``start.installed``."""
    spec = importlib.util.spec_from_file_location("start", project / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.installed = []

    def make_python(*command):
        stub(Path(module.PYTHON), 'echo "$PWD|$@|$SKUSHARE_WORKSPACE|$SKUSHARE_PICTURES"')
        stub(Path(module.COMMAND), 'echo "$PWD|skushare $@"')
        module.installed.append("venv")

    module.run = make_python
    module.install = lambda *what: module.installed.append(what[-1])
    return module


def launch(project, *arguments, path="", interpreter=sys.executable, cwd=None):
    """Run the script as ``interpreter`` would, with ``path`` as PATH."""
    code = (
        "import runpy, sys\n"
        "script, sys.executable = sys.argv[1:3]\n"
        "sys.argv = [script] + sys.argv[3:]\n"
        "runpy.run_path(script, run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(project / "start.py"), str(interpreter), *arguments],
        env={**os.environ, "PATH": str(path)},
        cwd=cwd,
        capture_output=True,
        text=True,
    )


def assert_one_line(result, *parts):
    assert result.returncode == 1
    assert result.stderr.startswith("start.py: ") and result.stderr.count("\n") == 1
    for part in parts:
        assert part in result.stderr


def test_old_pythons_can_read_it():
    ast.parse(SCRIPT.read_text(), feature_version=(3, 4))
    assert 'f"' not in SCRIPT.read_text()


@pytest.mark.parametrize("version", ["3.6", "3.9", "3.13", "3.14"])
def test_another_python_gets_one_line(project, tmp_path, version):
    result = launch(project, interpreter=interpreter(tmp_path / "python", version))
    assert_one_line(result, "needs Python 3.10, 3.11 or 3.12", "docs.astral.sh/uv")
    assert not (project / ".venv").exists()


@pytest.mark.parametrize(
    ("running", "on_path", "chosen"),
    [
        ("3.11", ["3.12"], "3.11"),
        ("3.13", ["3.10", "3.12"], "3.12"),
        ("3.9", ["3.10"], "3.10"),
    ],
)
def test_takes_the_running_python_or_the_newest(start, tmp_path, monkeypatch, running, on_path, chosen):
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "executable", str(interpreter(tmp_path / "python3", running)))
    for version in on_path:
        interpreter(tmp_path / "bin" / f"python{version}", version)
    path, version = start.find_python()
    assert version == chosen
    assert path.endswith("python3" if chosen == running else f"python{chosen}")


def test_a_name_on_path_that_does_not_run_is_passed_by(start, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "executable", str(interpreter(tmp_path / "python3", "3.13")))
    stub(tmp_path / "bin" / "python3.12", "echo 'python3.12 is not installed' >&2", "exit 127")
    interpreter(tmp_path / "bin" / "python3.11", "3.11")
    assert start.find_python()[1] == "3.11"


def test_uv_brings_a_python_where_there_is_none_that_fits(start, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "executable", str(interpreter(tmp_path / "python3", "3.14")))
    python = interpreter(tmp_path / "of uv" / "python3.12", "3.12")
    find = f"[ $2 = find ] && echo '{python}' && exit"
    stub(tmp_path / "bin" / "uv", find, "exit 0")
    assert start.find_python() == (str(python), "3.12")
    stub(tmp_path / "bin" / "uv", find, "exit 1")  # without a network nothing is installed
    with pytest.raises(start.CannotStart, match="uv could not"):
        start.find_python()
    interpreter(tmp_path / "bin" / "python3.10", "3.10")
    assert start.find_python()[1] == "3.10"


def test_python_without_venv_tells_what_to_install(project, tmp_path):
    result = launch(project, interpreter=interpreter(tmp_path / "python", "3.11", complete=False))
    assert_one_line(result, "apt-get install python3.11-venv")


def test_missing_browser_is_told_before_anything_is_installed(project, tmp_path):
    result = launch(project, "test", interpreter=interpreter(tmp_path / "python", "3.11"))
    assert_one_line(result, "apt-get install chromium")
    assert not (project / ".venv").exists()


def test_unknown_command_gets_one_line(project):
    assert_one_line(launch(project, "strat"), "'strat'", "app, test or setup")


def test_sets_up_once(start):
    for _ in range(2):
        start.set_up("python3", "3.11", "app")
    assert start.installed == ["venv", "."]


def test_tests_add_to_the_environment_and_the_app_runs_in_theirs(start):
    for purpose in ("app", "test", "app", "test"):
        start.set_up("python3", "3.11", purpose)
    assert start.installed == ["venv", ".", ".[test]"]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt", "pyproject.toml"])
def test_changed_requirements_are_installed(start, project, name):
    start.set_up("python3", "3.11", "app")
    (project / name).write_text("# changed\n")
    start.set_up("python3", "3.11", "app")
    assert start.installed == ["venv", "."] * 2


def test_another_python_version_makes_it_anew(start):
    start.set_up("python3", "3.11", "app")
    start.set_up("python3", "3.12", "app")
    assert start.installed == ["venv", "."] * 2


def test_a_python_that_is_gone_makes_it_anew(start):
    start.set_up("python3", "3.11", "app")
    os.remove(start.PYTHON)
    start.set_up("python3", "3.11", "app")
    assert start.installed == ["venv", "."] * 2


@pytest.mark.parametrize("step", ["run", "install"])
@pytest.mark.parametrize("before", [[], ["app"]])
def test_interrupted_setup_is_redone(start, monkeypatch, step, before):
    for purpose in before:
        start.set_up("python3", "3.11", purpose)
        start.write_stamp("0", "app")  # made from other requirements

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(start, step, interrupt)
        with pytest.raises(KeyboardInterrupt):
            start.set_up("python3", "3.11", "app")
    start.installed.clear()
    start.set_up("python3", "3.11", "app")
    assert start.installed == ["venv", "."]


def test_an_environment_of_the_users_is_left_alone(start, project):
    (project / ".venv" / "mine").mkdir(parents=True)
    with pytest.raises(start.CannotStart, match="move it away"):
        start.set_up("python3", "3.11", "app")
    assert (project / ".venv" / "mine").exists()


@pytest.mark.parametrize("stamp", [None, "0 app"])
def test_a_link_in_its_place_is_left_alone_and_told(start, project, tmp_path, stamp):
    kept = tmp_path / "kept"
    kept.mkdir()
    if stamp:
        (kept / "skushare-setup").write_text(stamp)
    (project / ".venv").symlink_to(kept)
    with pytest.raises(start.CannotStart, match="is a link"):
        start.set_up("python3", "3.11", "app")
    assert kept.is_dir() and start.installed == []


def test_full_disk_is_told_before_anything_is_installed(start, monkeypatch):
    monkeypatch.setattr(start.shutil, "disk_usage", lambda _: SimpleNamespace(free=1.5e9))
    with pytest.raises(start.CannotStart, match="needs 5 GB of disk .* 1.5 GB are free"):
        start.set_up("python3", "3.11", "app")
    assert start.installed == []


def test_second_start_goes_straight_to_the_app_from_any_folder(start, project, tmp_path):
    start.set_up("python3", f"{sys.version_info.major}.{sys.version_info.minor}", "app")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    result = launch(project, "app", "--server.port", "8600", cwd=elsewhere)
    assert result.stdout.startswith(f"{project}|-m streamlit run streamlit_app.py --server.port 8600|")


def test_folders_in_variables_are_meant_from_where_it_is_started(start, project, tmp_path, monkeypatch):
    start.set_up("python3", f"{sys.version_info.major}.{sys.version_info.minor}", "app")
    monkeypatch.setenv("SKUSHARE_WORKSPACE", "shop")
    monkeypatch.setenv("SKUSHARE_PICTURES", "/pictures")
    assert launch(project, cwd=tmp_path).stdout.endswith(f"|{tmp_path / 'shop'}|/pictures\n")
    monkeypatch.delenv("SKUSHARE_WORKSPACE")
    assert launch(project, cwd=tmp_path).stdout.endswith("||/pictures\n")


def test_for_a_phone_or_with_a_model_the_app_starts_by_its_own_command_here(start, project, tmp_path):
    start.set_up("python3", f"{sys.version_info.major}.{sys.version_info.minor}", "app")
    for options in ("--lan --port 8600", "--model runs/first", "--model=./mine"):
        result = launch(project, "app", *options.split(), cwd=tmp_path)
        assert result.stdout == f"{tmp_path}|skushare app {options}\n"


def test_waits_while_another_sets_up(start, project):
    start.set_up("python3", f"{sys.version_info.major}.{sys.version_info.minor}", "app")
    command = [sys.executable, str(project / "start.py"), "setup"]
    with open(project / "start.py") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as second:
            assert "waiting" in second.stdout.readline()
            assert second.poll() is None
            fcntl.flock(lock, fcntl.LOCK_UN)
    assert second.returncode == 0


@pytest.mark.parametrize(
    ("settings", "directed"),
    [
        ("", False),
        ("global.extra-index-url='https://more.example/simple'", False),
        ("global.index-url='https://mirror.example/simple'", True),
        (":env:.no-index='1'", True),
        ("user.proxy='proxy.example:3128'", True),
    ],
)
def test_pip_settings_that_uv_would_pass_by(start, settings, directed):
    stub(Path(start.PYTHON), f'echo "{settings}"')
    assert start.pip_is_directed() is directed

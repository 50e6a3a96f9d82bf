#!/usr/bin/env python3
"""Set up skushare and start it, with nothing but Python 3.10 to 3.12.

    python3 start.py          set up and start the app; app --lan: for a phone in this network;
                              app --model runs/NAME: count with a model of yours
    python3 start.py test     set up and run the tests
    python3 start.py setup    set up only: .venv/bin/skushare is then the command line

What follows goes to Streamlit or to pytest: python3 start.py app --server.port 8600
"""
# Any Python 3 must be able to read this file, to tell its user what is wrong: no new syntax, no packages.

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
COMMAND = os.path.join(VENV, "bin", "skushare")
FOLDERS = ("SKUSHARE_WORKSPACE", "SKUSHARE_PICTURES")  # variables
STAMP = os.path.join(VENV, "skushare-setup")  # what the environment was made from and for
INPUTS = ("requirements.txt", "requirements-test.txt", "pyproject.toml")

VERSIONS = ("3.12", "3.11", "3.10")  # TensorFlow 2.19 has no build for others
# All tests on up to four cores; where some are named, in one process, so that a debugger can be had.
SPREAD = ("-n", "logical", "--maxprocesses", "4", "--dist", "loadgroup", "--no-loadscope-reorder")
DISK_GB = 5  # 3.6 for the environment, 1.1 for the downloads
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

PROBE = """
import sys
print("%d.%d" % sys.version_info[:2])
print(getattr(sys, "_base_executable", sys.executable))
import ensurepip
print("complete")
"""


class CannotStart(Exception):
    """Its message is the one line that tells the user what to do."""


def main(arguments):
    """Carry out ``[app|test|setup] [ARGUMENT...]``."""
    task, rest = (arguments[0], arguments[1:]) if arguments else ("app", [])
    if task in ("-h", "--help"):
        print(__doc__.strip())
        return
    if task not in ("app", "test", "setup"):
        raise CannotStart("unknown command %r: use app, test or setup (see --help)" % task)
    python, version = find_python()
    if task == "test" and not rest:
        check_browser()
    with open(os.path.abspath(__file__)) as lock:
        # Two starts at once must not build the same environment; the lock ends with this process.
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Another start.py is setting up; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        set_up(python, version, "test" if task == "test" else "app")
    if task == "app" and {word.partition("=")[0] for word in rest} & {"--lan", "--model"}:
        os.execv(COMMAND, [COMMAND, "app"] + rest)  # from here, where the user means a model's folder
    if task == "app":
        hand_over("-m", "streamlit", "run", "streamlit_app.py", *rest)
    if task == "test":
        hand_over("-m", "pytest", *(rest or SPREAD))


def find_python():
    """The interpreter to build on and its version: the running one if it fits, else one on PATH or of uv."""
    bare = None
    for path in candidates():
        if not path:
            continue
        # A name on PATH may be a stub that only tells how to install it: believe what runs.
        found = subprocess.run([path, "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        answer = found.stdout.decode().splitlines()
        if answer[:1] and answer[0] in VERSIONS:
            if answer[2:] == ["complete"]:
                return answer[1], answer[0]
            bare = bare or answer[0]
    if bare:
        raise CannotStart(
            "Python %s is here without its venv module: sudo apt-get install python%s-venv" % (bare, bare)
        )
    remedy = (
        "uv could not bring one"
        if shutil.which("uv")
        else "with uv (https://docs.astral.sh/uv) it gets its own"
    )
    raise CannotStart(
        "skushare needs Python 3.10, 3.11 or 3.12; this is %d.%d and PATH has no other; %s"
        % (sys.version_info[:2] + (remedy,))
    )


def candidates():
    """Paths of interpreters, or None; a later one is looked for only if those before were of no use."""
    yield shutil.which(sys.executable)
    for version in VERSIONS:
        yield shutil.which("python" + version)
    uv = shutil.which("uv")
    # It brings Pythons that the system is too new or too old for, beside all others.
    if uv and subprocess.call([uv, "python", "install", VERSIONS[0]]) == 0:
        find = [uv, "python", "find", "--managed-python", "--system", VERSIONS[0]]
        yield subprocess.Popen(find, stdout=subprocess.PIPE).communicate()[0].decode().strip()


def check_browser():
    """The whole test suite drives a browser; better to say so now than after the installation."""
    if not any(map(shutil.which, BROWSERS)):
        raise CannotStart(
            "the tests need Chromium: sudo apt-get install chromium"
            " (or leave them out: python3 start.py test --ignore tests/e2e)"
        )


def set_up(python, version, purpose):
    """Make ``.venv`` if there is none for these requirements; an unfinished one is made anew."""
    wanted = fingerprint(version)
    made_from, made_for = read_stamp()
    current = made_from == wanted and os.path.exists(PYTHON)
    if current and made_for in (purpose, "test"):
        return
    started = time.time()
    if not current:
        make_venv(python)
    # From here to the end the stamp says "unfinished", so that an interrupted setup is not trusted.
    write_stamp("unfinished")
    install("-e", ".[test]" if purpose == "test" else ".")
    write_stamp(wanted, purpose)
    print("skushare is set up (%d s)" % (time.time() - started), flush=True)


def fingerprint(version):
    """A hash of all that the environment depends on; its scripts hold the folder's path, too."""
    digest = hashlib.sha256((version + "\n" + ROOT).encode())
    for name in INPUTS:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def read_stamp():
    """What the environment was made from, and for ``app`` or ``test``."""
    try:
        with open(STAMP) as file:
            fields = file.read().split()
    except OSError:
        return None, None
    return tuple(fields) if len(fields) == 2 else (None, None)


def write_stamp(*fields):
    """Record the state of the environment."""
    with open(STAMP, "w") as file:
        file.write(" ".join(fields))


def make_venv(python):
    """An empty environment in ``.venv``, in place of an outdated one."""
    if os.path.islink(VENV):
        raise CannotStart("%s is a link, but not to what this version needs: remove the link first" % VENV)
    if os.path.exists(VENV) and not os.path.exists(STAMP):
        raise CannotStart("%s was not made by start.py: move it away first" % VENV)
    shutil.rmtree(VENV, ignore_errors=True)
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < DISK_GB:
        raise CannotStart("the setup needs %d GB of disk in %s; %.1f GB are free" % (DISK_GB, ROOT, free))
    print("Setting up .venv, once; this takes a minute or two", flush=True)
    os.mkdir(VENV)
    write_stamp("unfinished")
    run(python, "-m", "venv", VENV)


def install(*what):
    """Install by uv, four times as fast as pip; by pip where uv fails or would pass by its settings."""
    if not pip_is_directed() and attempt("-m", "pip", "install", "-q", "uv"):
        # Without bytecode the first import of TensorFlow takes three times as long.
        if attempt("-m", "uv", "pip", "install", "--python", PYTHON, "--compile-bytecode", *what):
            return
        print("uv did not manage; trying pip", flush=True)
    run(PYTHON, "-m", "pip", "install", *what)


def pip_is_directed():
    """Whether the user's pip is told where to get packages; uv does not read pip's settings."""
    settings = subprocess.run([PYTHON, "-m", "pip", "config", "list"], stdout=subprocess.PIPE)
    names = {line.split("=")[0].split(".")[-1] for line in settings.stdout.decode().splitlines()}
    return bool(names & {"index-url", "no-index", "proxy"})


def attempt(*arguments):
    """Run the environment's Python; whether it succeeded."""
    return subprocess.call([PYTHON] + list(arguments), cwd=ROOT) == 0


def run(*command):
    """Run ``command``, which explains itself when it fails."""
    if subprocess.call(command, cwd=ROOT):
        raise CannotStart("the setup stopped at: %s (start again to redo it)" % " ".join(command))


def hand_over(*arguments):
    """Become the environment's Python, so that signals and the exit status are its own."""
    for name in FOLDERS:
        if os.environ.get(name):  # a relative path is meant from here
            os.environ[name] = os.path.abspath(os.environ[name])
    os.chdir(ROOT)
    os.execv(PYTHON, [PYTHON] + list(arguments))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except CannotStart as reason:
        sys.exit("start.py: %s" % reason)
    except KeyboardInterrupt:
        sys.exit("start.py: interrupted")

import os
import signal
import subprocess
import sys
import threading
from contextlib import nullcontext, suppress

import pytest

from skushare import quiet as module
from skushare.quiet import quiet, ungreeted


@pytest.mark.parametrize("error", [None, ValueError])
def test_standard_error_is_silent_meanwhile_and_heard_again(capfd, error):
    print("before it", file=sys.stderr)
    with pytest.raises(error) if error else nullcontext(), quiet():
        os.write(2, b"of native code\n")
        print("a result")
        if error:
            raise error
    os.write(2, b"after it\n")
    assert capfd.readouterr() == ("a result\n", "before it\nafter it\n")


def test_of_two_at_once_none_leaves_it_silent(capfd):
    inside, last = threading.Event(), threading.Event()

    def first():
        with quiet():
            inside.set()
            last.wait(0.2)

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait()
    with quiet():
        last.set()
    thread.join()
    os.write(2, b"after both\n")
    assert capfd.readouterr().err == "after both\n"


@pytest.mark.parametrize("error", [None, ValueError])
def test_a_greeting_is_left_out_and_nothing_else(capfd, monkeypatch, error):
    monkeypatch.setattr(module, "_greeted", False)
    with pytest.raises(error) if error else nullcontext(), ungreeted():
        os.write(2, b"first\nINFO: Created TensorFlow Lite XNNPACK delegate for CPU.\nsecond\n")
        if error:
            raise error
    assert capfd.readouterr().err == "first\nsecond\n"


@pytest.fixture
def interruptible():
    """Ctrl-C raises, as in a terminal; a process in a shell's background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_meanwhile_takes_effect_at_the_end(interruptible):
    done = False
    with pytest.raises(KeyboardInterrupt), quiet():
        with suppress(KeyboardInterrupt):  # as native code does
            signal.raise_signal(signal.SIGINT)
        done = True
    assert done and signal.getsignal(signal.SIGINT) is signal.default_int_handler


DETECT = "from skushare.cli import main; import sys; sys.exit(main(['detect', 'data/shelf_pantry.jpg']))"


@pytest.mark.parametrize("closed", ["", "2>&-"])
def test_a_network_is_run_without_a_word_and_without_standard_error(closed):
    command = f'"{sys.executable}" -c "{DETECT}" {closed}'
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and "shelf_pantry.jpg" in done.stdout

import os
import sys
from contextlib import nullcontext

import pytest

from skushare.quiet import quiet


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

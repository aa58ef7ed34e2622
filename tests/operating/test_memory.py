"""A process at work has its memory in one place, however many threads it has."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

ARENAS = """
import ctypes, re, sys, tempfile, threading
from firstcontact.operating.memory import one_arena

if sys.argv[1] == "one":
    assert one_arena()
libc = ctypes.CDLL(None)
gate = threading.Barrier(9)

def work():
    kept = ctypes.CDLL(None).malloc(100)
    gate.wait()
    gate.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
for each in threads:
    each.start()
gate.wait()
libc.fopen.restype = ctypes.c_void_p
with tempfile.NamedTemporaryFile() as file:
    out = libc.fopen(file.name.encode(), b"w")
    libc.malloc_info(0, ctypes.c_void_p(out))
    libc.fclose(ctypes.c_void_p(out))
    print(len(re.findall(r"<heap nr=", open(file.name).read())))
gate.wait()
"""


@pytest.mark.parametrize(("told", "most"), [("one", 1), ("not", 100)])
def test_threads_share_one_arena(told: str, most: int) -> None:
    """Eight threads have one arena; left alone, the C library gives them several."""
    if platform.libc_ver()[0] != "glibc":
        return
    done = subprocess.run([sys.executable, "-c", ARENAS, told], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 1 <= int(done.stdout) <= most
    assert (int(done.stdout) == 1) == (told == "one")

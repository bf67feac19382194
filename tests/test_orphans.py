"""What a killed process has started ends too."""

import os
import signal
import subprocess
import sys

import pytest

CHILD = "import time; from spacy_rnn.orphans import end_with_parent; end_with_parent(); "
CHILD += "print('ready', flush=True); time.sleep(60)"
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
child.stdout.readline()
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="a process keeps the number of its parent")
def test_a_child_ends_with_its_parent() -> None:
    command = [sys.executable, "-c", PARENT, CHILD]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert parent.stdout.readline() == b"ready\n"
    parent.send_signal(signal.SIGKILL)
    # The child holds the other end of the pipe of errors as long as it is there.
    _, errors = parent.communicate(timeout=30)
    assert errors == b""

"""Answers many calls of ansible-inventory with one start of Python, for tests/ansible.rs.

Reads a list of {"folder", "words"} from standard input, each the working directory and the arguments of a call, and
prints a list of {"code", "out", "err"}. Every call has a process of its own that begins where Ansible is loaded.
"""

import json
import os
import sys
import tempfile

from ansible import constants
from ansible.cli.inventory import InventoryCLI
from ansible.plugins import loader


def start(call):
    out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            os.chdir(call["folder"])
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            InventoryCLI.cli_executor(["ansible-inventory", *call["words"]])
        except SystemExit as exit:
            code = exit.code if isinstance(exit.code, int) else 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return pid, (out, err)


def text(file):
    file.seek(0)
    return file.read().decode(errors="replace")


def load():
    """Loads what every call needs, so that no call has to."""
    loader.init_plugin_loader()
    for name in constants.INVENTORY_ENABLED:
        loader.inventory_loader.get(name)
    for kind in loader.connection_loader, loader.shell_loader:
        list(kind.all(path_only=True))


def main():
    load()
    calls = json.load(sys.stdin)
    answers = [None] * len(calls)
    running = {}
    waiting = list(enumerate(calls))
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            index, call = waiting.pop(0)
            pid, files = start(call)
            running[pid] = (index, files)
        pid, status = os.wait()
        if pid in running:
            index, (out, err) = running.pop(pid)
            answers[index] = {"code": os.waitstatus_to_exitcode(status), "out": text(out), "err": text(err)}
    json.dump(answers, sys.stdout)


main()

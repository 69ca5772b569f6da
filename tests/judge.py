"""Answers for ansible-inventory to many questions with one start of Python, for tests/ansible.rs.

Reads a list of {"folder", "words"} from standard input, each the working directory and the arguments of a call, and
prints a list of {"code", "list", "graph", "errors"}: what --list and --graph say. Every call has a process of its own
that begins where Ansible is loaded.
"""

import gc
import json
import os
import sys
import tempfile
import traceback

from ansible import constants
from ansible.cli.inventory import InventoryCLI
from ansible.plugins import loader


def answer(call, listing, graph, errors):
    """Answers in a process of its own, which ends with it."""
    code = 1
    try:
        os.chdir(call["folder"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(listing.fileno(), 1)
        os.dup2(errors.fileno(), 2)
        cli = InventoryCLI(["ansible-inventory", *call["words"], "--list"])
        cli.parse()
        try:
            cli.run()
        except SystemExit as exit:
            code = exit.code
        graph.write((cli.inventory_graph() + "\n").encode())
        graph.flush()
    except Exception:
        code = 1
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


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
    gc.freeze()


def main():
    load()
    calls = json.load(sys.stdin)
    answers = [None] * len(calls)
    running = {}
    waiting = list(enumerate(calls))
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            index, call = waiting.pop(0)
            files = [tempfile.TemporaryFile() for _ in range(3)]
            pid = os.fork()
            if pid == 0:
                answer(call, *files)
            running[pid] = (index, files)
        pid, status = os.wait()
        index, files = running.pop(pid)
        names = ["list", "graph", "errors"]
        answers[index] = {"code": os.waitstatus_to_exitcode(status), **dict(zip(names, map(text, files)))}
    json.dump(answers, sys.stdout)


main()

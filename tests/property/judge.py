"""What Ansible says, line by line.

Every line of the input is a JSON array: ["yaml", TEXT] for the value of a YAML text as the loader of inventories reads it,
or ["inventory", TEXT] for what `ansible-inventory --list` prints of a file with that text. Every line of the output is
{"value": ...}, or {"error": "..."} where Ansible stops. What JSON cannot hold is text: integers beyond 64 bits, and
infinities.
"""

import json
import math
import os
import sys
import tempfile

ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
os.dup2(1, 2)
os.environ["ANSIBLE_INVENTORY_ENABLED"] = "yaml"
os.environ["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "true"

from ansible.cli.inventory import InventoryCLI
from ansible.parsing.dataloader import DataLoader
from ansible.inventory.manager import InventoryManager
from ansible.vars.manager import VariableManager
from ansible._internal._json._profiles._inventory_legacy import Encoder
from ansible._internal._datatag._tags import TrustedAsTemplate
from ansible.parsing.utils.yaml import from_yaml

FOLDER = tempfile.TemporaryDirectory()
PATH = os.path.join(FOLDER.name, "pigsty.yml")
CLI = InventoryCLI(["ansible-inventory", "--list", "-i", PATH])
CLI.parse()
CLI.loader = DataLoader()


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    return value


def dump(value):
    return plain(json.loads(json.dumps(value, cls=Encoder)))


def yaml(text):
    value = from_yaml(TrustedAsTemplate().tag(text), file_name=PATH)
    # only what stands under hostvars is shown with its tags
    return dump({"_meta": {"hostvars": {"h": {"x": value}}}})["_meta"]["hostvars"]["h"]["x"]


def inventory(text):
    with open(PATH, "w", encoding="utf-8") as file:
        file.write(text)
    CLI.inventory = InventoryManager(loader=CLI.loader, sources=[PATH])
    CLI.vm = VariableManager(loader=CLI.loader, inventory=CLI.inventory)
    return dump(CLI.json_inventory(CLI._get_group("all")))


for line in sys.stdin:
    kind, text = json.loads(line)
    try:
        answer = {"value": {"yaml": yaml, "inventory": inventory}[kind](text)}
    except (Exception, SystemExit) as error:
        answer = {"error": str(error)[:300]}
    print(json.dumps(answer), file=ANSWERS, flush=True)

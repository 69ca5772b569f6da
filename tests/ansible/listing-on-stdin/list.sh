#!/bin/sh
cat <<'JSON'
{"all": {"children": ["infra", "etcd"], "vars": {"x": "all", "y": 1.50}},
 "infra": {"hosts": ["10.10.10.10", "n[1:2]", "a:22"], "vars": {"x": "infra", "m": {"a": [1, null, true]}}, "children": ["east"]},
 "east": {"hosts": ["e"]},
 "etcd": {"hosts": []},
 "_meta": {"hostvars": {"10.10.10.10": {"infra_seq": 1, "t": "{{ x }} \ud83d\ude00", "f": 1e3}, "gone": {"x": 1}}}}
JSON

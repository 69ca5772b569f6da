#!/bin/sh
cat <<'JSON'
{"g": {"hosts": ["h"], "vars": {"u": {"__ansible_unsafe": "{{ no }}"}}},
 "_meta": {"hostvars": {"h": {"v": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n6162\n"}, "l": [{"__ansible_unsafe": "{{ x }}"}]}}}}
JSON

#!/bin/sh
echo '{"infra": ["h", "i"], "vars_only": {"vars": {"x": 1}}, "children_only": {"children": ["infra"]},
       "undefined": {"children": ["later"]}, "later": {"hosts": ["l"]}, "_meta": {"hostvars": {}}}'

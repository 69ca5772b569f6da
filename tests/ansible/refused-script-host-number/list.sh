#!/bin/sh
echo '{"g": {"hosts": [5]}, "_meta": {"hostvars": {}}}'

#!/bin/sh
echo '{"g": null, "_meta": {"hostvars": {}}}'

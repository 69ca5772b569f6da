#!/bin/sh
echo '{"infra": {"hosts": ["h"]}, "_meta": {"hostvars": {}}}'

#!/bin/sh
printf '{"g": {"hosts": ["h"]}, "_meta": {"hostvars": {"h": {"here": "%s", "called": "%s"}}}}' "$(basename "$PWD")" "$*"

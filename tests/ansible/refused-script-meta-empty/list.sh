#!/bin/sh
echo '{"g": {"hosts": ["h"]}, "_meta": {}}'

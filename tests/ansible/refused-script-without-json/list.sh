#!/bin/sh
echo 'infra: {hosts: [h]}'

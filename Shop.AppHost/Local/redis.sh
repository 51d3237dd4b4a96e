#!/bin/sh
# Runs Redis for development: redis.sh DATA_FOLDER PORT, password in REDIS_PASSWORD. A cache: nothing is saved, and it may not grow.
set -eu
command -v redis-server > /dev/null || { echo "Redis is missing: install the package redis-server, or start a container engine." >&2; exit 1; }
mkdir -p "$1"
exec redis-server - <<CONF
bind 127.0.0.1
port $2
dir $1
requirepass $REDIS_PASSWORD
save ""
maxmemory 64mb
maxmemory-policy allkeys-lru
CONF

#!/bin/sh
# Runs PostgreSQL for development: postgres.sh DATA_FOLDER PORT, password of the role postgres in POSTGRES_PASSWORD.
set -eu
data=$1 port=$2
bin=$(ls -d /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || bin=$(dirname "$(command -v postgres || echo /)")
[ -x "$bin/postgres" ] || { echo "PostgreSQL is missing: install the package postgresql, or start a container engine." >&2; exit 1; }

as=
mkdir -p "$(dirname "$data")"
if [ "$(id -u)" = 0 ]; then
  # PostgreSQL refuses to run as root. Below a private home its own user could not even reach the folder: lend it that one right then.
  as="setpriv --reuid=postgres --regid=postgres --init-groups"
  $as test -x "$(dirname "$data")" 2>/dev/null || as="$as --inh-caps=+dac_read_search --ambient-caps=+dac_read_search"
fi
own() { if [ -n "$as" ]; then chown -R postgres "$1"; fi; chmod 700 "$1"; }
cd /

if [ ! -d "$data" ]; then # made beside and moved, so that one cut off half-way is not taken for a database
  rm -rf "$data.new"
  mkdir "$data.new"
  own "$data.new"
  pwfile=$(mktemp)
  trap 'rm -f "$pwfile"' EXIT
  printf %s "$POSTGRES_PASSWORD" > "$pwfile"
  [ -z "$as" ] || chown postgres "$pwfile"
  $as "$bin/initdb" -D "$data.new" -U postgres --pwfile="$pwfile" --auth=scram-sha-256 -E UTF8 --locale=C --no-sync > /dev/null
  rm -f "$pwfile"
  mv "$data.new" "$data"
fi

# Another checkout, or deleted user secrets, may have brought another password than the one this folder was made with.
stamp=$(printf %s "$POSTGRES_PASSWORD" | sha256sum | cut -d ' ' -f 1)
if [ "$(cat "$data/password.sha256" 2>/dev/null)" != "$stamp" ]; then
  echo "ALTER ROLE postgres PASSWORD '$POSTGRES_PASSWORD'" | $as "$bin/postgres" --single -D "$data" postgres > /dev/null
  echo "$stamp" > "$data/password.sha256"
fi
unset POSTGRES_PASSWORD

# SIGTERM would mean "wait until every client has gone"; stopping development means now, but cleanly.
trap 'kill -INT $server' TERM INT
$as "$bin/postgres" -D "$data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
  -c shared_preload_libraries=pg_stat_statements -c max_connections=100 &
server=$!
wait $server || wait $server

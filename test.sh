#!/usr/bin/env bash
# Runs the tests: ./test.sh [Unit|Integration|EndToEnd|Browser|Chaos] ; everything without an argument. The last line counts them.
set -euo pipefail
cd "$(dirname "$0")"
. eng/setup.sh tests

dotnet build Shop.sln -v quiet --nologo
filter=()
[ $# = 0 ] || filter=(--filter "FullyQualifiedName~Shop.Tests.$1.")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
# Minimal: what fails is told at once and whole, and not drowned in the names of what passed.
dotnet test Shop.Tests --no-build --nologo "${filter[@]}" --logger "console;verbosity=minimal" 2>&1 | tee "$log" || status=$?

count() { sed -n "s/^\(Passed\|Failed\)! .*$1: *\([0-9]*\),.*/\2/p" "$log" | tail -n 1; }
passed=$(count Passed) failed=$(count Failed)
[ "$status" = 0 ] || [ "${failed:-0}" != 0 ] || failed=1 # the runner itself broke
[ -n "$passed" ] || [ -n "$failed" ] || { echo "No test ran." >&2; status=1; failed=1; }
sed -n 's/^ *\(Failed Shop\.Tests\..*\)/\1/p' "$log" # once more where it is seen
echo "${passed:-0} passed, ${failed:-0} failed"
exit "$status"

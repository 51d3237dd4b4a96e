#!/usr/bin/env bash
# Runs the tests: ./test.sh [Unit|Integration|EndToEnd|Browser|Chaos|Load] ; without an argument all but Load, whose figures are for
# people and want a quiet machine. The last line counts them.
set -euo pipefail
cd "$(dirname "$0")"
. eng/setup.sh tests

# Minimal tells what fails, at once and whole; the names of what passed would drown it.
filter='FullyQualifiedName!~Shop.Tests.Load.' verbosity=minimal configuration=Debug
[ $# = 0 ] || filter="FullyQualifiedName~Shop.Tests.$1."
[ "${1-}" != Load ] || verbosity=detailed configuration=Release # prints what a test wrote, of code as it is deployed
dotnet build Shop.sln -c "$configuration" -v quiet --nologo
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
dotnet test Shop.Tests -c "$configuration" --no-build --nologo --filter "$filter" --logger "console;verbosity=$verbosity" 2>&1 | tee "$log" || status=$?

count() { sed -n -e "s/^\(Passed\|Failed\)! .*$1: *\([0-9]*\),.*/\2/p" -e "s/^ *$1: *\([0-9]*\)\$/\1/p" "$log" | tail -n 1; }
passed=$(count Passed) failed=$(count Failed)
[ "$status" = 0 ] || [ "${failed:-0}" != 0 ] || failed=1 # the runner itself broke
[ -n "$passed" ] || [ -n "$failed" ] || { echo "No test ran." >&2; status=1; failed=1; }
sed -n 's/^ *\(Failed Shop\.Tests\..*\)/\1/p' "$log" # once more where it is seen
echo "${passed:-0} passed, ${failed:-0} failed"
exit "$status"

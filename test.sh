#!/usr/bin/env bash
# Runs the tests: ./test.sh [Unit|Integration|EndToEnd|Browser|Chaos|Load] ; without an argument all but Load, whose figures are for
# people and want a quiet machine. The last line counts them.
# ./test.sh Chaos [--orders N] [--seed N] [--rate N]: a storm of N orders, drawn from that seed, and outages under N orders a minute (docs/chaos.md).
set -euo pipefail
cd "$(dirname "$0")"
suite= drill=
while [ $# != 0 ]; do
  case "$1" in
    --orders | --seed | --rate)
      [[ ${2-} =~ ^[0-9]+$ ]] || { echo "$1 wants a number" >&2; exit 2; }
      name=${1#--}; export "SHOP_CHAOS_${name^^}=$2"; drill=yes; shift 2 ;;
    -*) echo "There is no option $1" >&2; exit 2 ;;
    *) suite=$1; shift ;;
  esac
done
[ -z "$drill" ] || [ "$suite" = Chaos ] || { echo "--orders, --seed and --rate are for Chaos" >&2; exit 2; }
. eng/setup.sh tests

# Minimal tells what fails, at once and whole; the names of what passed would drown it.
filter='FullyQualifiedName!~Shop.Tests.Load.' verbosity=minimal configuration=Debug
[ -z "$suite" ] || filter="FullyQualifiedName~Shop.Tests.$suite."
[ "$suite" != Load ] || verbosity=detailed configuration=Release # prints what a test wrote, of code as it is deployed
[ -z "$drill" ] || verbosity=detailed
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

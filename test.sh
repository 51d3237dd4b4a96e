#!/usr/bin/env bash
# Runs the tests: ./test.sh [Unit|Integration|EndToEnd|Browser|Chaos|Load] ; without an argument all but Load, whose figures are for
# people and want a quiet machine, and but the long drills of Chaos (outages, the crash matrix). The last line counts them.
# ./test.sh Chaos [--orders N] [--seed N] [--rate N]: a storm of N orders, drawn from that seed, and outages under N orders a minute (docs/chaos.md).
# ./test.sh Load [--orders N] [--lines N]: what staff wait for in a shop with N orders and N log lines in its past.
set -euo pipefail
cd "$(dirname "$0")"
suite= asked=()
while [ $# != 0 ]; do
  case "$1" in
    --orders | --seed | --rate | --lines)
      [[ ${2-} =~ ^[0-9]+$ ]] || { echo "$1 wants a number" >&2; exit 2; }
      asked+=("${1#--}=$2"); shift 2 ;;
    -*) echo "There is no option $1" >&2; exit 2 ;;
    *) suite=$1; shift ;;
  esac
done
for setting in ${asked[@]+"${asked[@]}"}; do
  case "$suite:$setting" in
    Chaos:lines=* | Load:seed=* | Load:rate=*) echo "$suite has no --${setting%%=*}" >&2; exit 2 ;;
    Chaos:* | Load:*) name=SHOP_${suite}_$setting; export "$(tr a-z A-Z <<< "$name")" ;;
    *) echo "--${setting%%=*} is for Chaos or Load" >&2; exit 2 ;;
  esac
done
. eng/setup.sh tests

# Minimal tells what fails, at once and whole; the names of what passed would drown it.
filter='FullyQualifiedName!~Shop.Tests.Load.&Length!=long' verbosity=minimal configuration=Debug
[ -z "$suite" ] || filter="FullyQualifiedName~Shop.Tests.$suite."
[ "$suite" != Load ] || verbosity=detailed configuration=Release # prints what a test wrote, of code as it is deployed
[ -z "${asked[*]-}" ] || verbosity=detailed
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

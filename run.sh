#!/usr/bin/env bash
# Starts the whole shop on this machine and opens nothing to the outside: storefront http://localhost:5100, dashboard http://localhost:15000.
# Installs what is missing first. Ctrl+C stops everything.
set -euo pipefail
cd "$(dirname "$0")"
. eng/setup.sh

for i in 1 2 3 4 5 6 7 8; do # one that was just stopped needs some seconds
  (exec 3<> /dev/tcp/127.0.0.1/15000) 2> /dev/null || break
  [ "$i" != 8 ] || die "Something listens on port 15000: the shop is running already, or another Aspire application is."
  sleep 1
done

# Even an up-to-date build takes seconds to find that out: skip it when no source is newer than the last one.
stamp=Shop.AppHost/obj/built.stamp
build=()
if [ -f "$stamp" ] && [ -z "$(find Shop.* standins Directory.* global.json .standins \( -name bin -o -name obj \) -prune -o -newer "$stamp" -print -quit)" ]; then
  build=(--no-build)
else
  dotnet build Shop.AppHost -v quiet --nologo
  touch "$stamp"
  build=(--no-build)
fi
exec dotnet run --project Shop.AppHost --launch-profile http "${build[@]}" "$@"

#!/usr/bin/env bash
# Installs what this machine lacks to build and run the shop, and says what and why. Sourced by run.sh and test.sh from the top folder.
# With "tests" as argument also what only the tests need.
set -euo pipefail

say() { printf '\033[36m%s\033[0m\n' "$*" >&2; }
die() { printf '\033[31m%s\033[0m\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo > /dev/null; then sudo "$@"; else die "This needs root: $*"; fi
}

install_packages() { # install_packages WHY PACKAGE...
  local why=$1; shift
  command -v apt-get > /dev/null || die "Missing: $* ($why). Install it with this system's package manager."
  say "Installing $* ($why)"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq > /dev/null
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" > /dev/null
}

engine_answers() { timeout 3 docker ps -q > /dev/null 2>&1 || timeout 3 podman ps -q > /dev/null 2>&1; }

dotnet --list-sdks 2> /dev/null | grep -q '^10\.' || die "The .NET 10 SDK is missing: https://dot.net/download"

# Where a container engine answers, Postgres and Redis run in it; the tests always use the local programs.
if [ "${1:-}" = tests ] || ! engine_answers; then
  compgen -G '/usr/lib/postgresql/*/bin/postgres' > /dev/null || command -v postgres > /dev/null \
    || install_packages "the shop's database; no container engine answers" postgresql
  command -v redis-server > /dev/null || install_packages "the shop's cache; no container engine answers" redis-server
fi
if [ "${1:-}" = tests ]; then
  [ -x /usr/bin/chromium ] || command -v google-chrome > /dev/null || install_packages "the browser tests" chromium fonts-liberation
  command -v npm > /dev/null || install_packages "the tests with Stripe's own SDK, which comes from npm" npm
fi

# Asks the package feed once whether it has the Aspire packages; the answer is kept in .standins.
if [ ! -f .standins ] || [ ! -f Shop.Tests/obj/project.assets.json ]; then
  say "Restoring packages"
  dotnet restore Shop.sln -v quiet --nologo
  dotnet restore Shop.sln -v quiet --nologo # the first one may only have learned the answer
fi

# The real Aspire packages bring their runtime along; beside the stand-ins it comes from npm, once per user.
aspire=$(sed -n 's|.*<AspireVersion>\(.*\)</AspireVersion>.*|\1|p' Directory.Build.props)
bundle=${ASPIRE_BUNDLE:-$HOME/.cache/shop/aspire-$aspire}
if [ "$(cat .standins)" = true ] && [ ! -x "$bundle/dcp/dcp" ]; then
  command -v npm > /dev/null || install_packages "the Aspire runtime comes from npm" npm
  say "Fetching the Aspire $aspire runtime (orchestrator and dashboard, 130 MB, once)"
  work=$(mktemp -d)
  (
    cd "$work"
    npm pack --silent "@microsoft/aspire-cli-linux-x64@$aspire" > /dev/null
    tar -xzf ./*.tgz
    # It unpacks its bundle, then looks for a whole CLI installation around it and complains; the two folders are what counts.
    ASPIRE_CLI_TELEMETRY_OPTOUT=true ./package/bin/aspire setup --nologo --install-path "$work/bundle" > setup.log 2>&1 || true
    compgen -G 'bundle/versions/*/dcp/dcp' > /dev/null || { cat setup.log >&2; exit 1; }
    mkdir -p "$(dirname "$bundle")"
    rm -rf "$bundle.new" && mkdir "$bundle.new" && mv bundle/versions/*/dcp bundle/versions/*/managed "$bundle.new"
    rm -rf "$bundle" && mv "$bundle.new" "$bundle"
  ) || die "The Aspire runtime could not be fetched."
  rm -rf "$work"
fi

#!/usr/bin/env bash
# Runs the tests that need Docker against a real daemon: the one that answers, else one of its own, which ends with them.
# Where none can be had, or no Triton is installed to make an image of, it says so and ends with 0; with 1 where
# TRITUNE_REQUIRE names docker.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests=(bench/engines/docker/*.test.ts bench/cli/*-docker.test.ts)
folder=$(mktemp -d "${TMPDIR:-/tmp}/tritune-docker-XXXXXX")
image=tritune-test
made_image=

skip() {
  echo "tests with Docker are skipped: $1" >&2
  [[ ,${TRITUNE_REQUIRE:-}, == *,docker,* ]] && exit 1
  exit 0
}
tidy() {
  [[ -z $made_image ]] || docker image rm --force "$image" > /dev/null || true
  bash bench/testing/docker-daemon.sh stop "$folder" || true
  rmdir "$folder" 2> /dev/null || true
}
trap tidy EXIT

[[ -e .triton/installation.json ]] || skip 'no Triton under .triton/ to make an image of: npm run triton:install'
exports=$(bash bench/testing/docker-daemon.sh start "$folder" 2> "$folder/said") || { reason=$(cat "$folder/said"); rm -f "$folder/said"; skip "$reason"; }
rm -f "$folder/said"
eval "$exports"
if ! docker image inspect "$image" > /dev/null 2>&1; then
  made_image=yes
  node bench/engines/docker/fixtures/make-image.ts "$image"
fi
TRITUNE_REQUIRE=${TRITUNE_REQUIRE:+$TRITUNE_REQUIRE,}docker node --test --test-concurrency=1 "${tests[@]}"

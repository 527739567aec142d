#!/usr/bin/env bash
# A Docker daemon for tests on a machine that has none (Debian or Ubuntu, as root or with sudo).
#   docker-daemon.sh start DIR   prints `export` lines for a shell to evaluate; all that the daemon writes lies under DIR
#   docker-daemon.sh stop DIR    ends the daemon that `start` began under DIR, and removes what it wrote
# A daemon that answers already, with compose, is used as it is: then `start` prints nothing and `stop` ends nothing.
# The daemon it starts makes no bridge and touches no firewall, so containers have the host's network or none.
# Where no daemon can be had, `start` says why on stderr and exits with 1.
set -euo pipefail

socket_wait_s=30
stop_wait_s=30

fail() { echo "no Docker daemon: $*" >&2; exit 1; }
as_root() { if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo -n "$@"; fi; }
has_compose() { docker compose version 2> /dev/null | grep -qE 'v?(2|[3-9]|[1-9][0-9]+)\.[0-9]'; }
answers() { timeout 10 docker version --format '{{.Server.Version}}' > /dev/null 2>&1; }
install_packages() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" > /dev/null; }

# What the distribution calls compose 2, where it has that.
compose_package() {
  local name
  for name in docker-compose-v2 docker-compose; do
    apt-cache policy "$name" 2> /dev/null | grep -qE 'Candidate: (1:)?([2-9]|[1-9][0-9]+)\.' && { echo "$name"; return; }
  done
  return 0
}

# Debian 12 has only compose 1. The package of Debian 13 is one static program: it is unpacked, and nothing is installed.
unpack_compose() {
  local apt="$1/apt" mirror keys=/usr/share/keyrings/debian-archive-keyring.gpg
  mirror=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list* 2> /dev/null | head -n 1 | tr -d ' ' || true)
  [[ -n $mirror && -e $keys ]] || fail "no Debian mirror to take docker-compose from"
  mkdir -p "$apt"/{lists/partial,archives/partial,files}
  echo "deb [signed-by=$keys] $mirror trixie main" > "$apt/sources.list"
  local own=(-o "Dir::Etc::sourcelist=$apt/sources.list" -o 'Dir::Etc::sourceparts=/nowhere'
    -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt" -o APT::Sandbox::User=root)
  as_root apt-get "${own[@]}" update -qq > /dev/null || fail "apt-get update of Debian 13's packages"
  (cd "$apt/files" && as_root apt-get "${own[@]}" download -qq docker-compose > /dev/null) || fail "docker-compose cannot be fetched"
  dpkg-deb -x "$apt"/files/docker-compose_*.deb "$apt/unpacked"
  install -D -m 0755 "$(find "$apt/unpacked" -name docker-compose -type f -perm -u+x | head -n 1)" "$1/config/cli-plugins/docker-compose"
}

start() {
  local dir=$1
  if command -v docker > /dev/null && answers && has_compose; then return; fi
  [[ $(uname -s) == Linux ]] || fail "one is started on Linux only"
  command -v apt-get > /dev/null || fail "there is no apt-get to install docker.io with"
  as_root true 2> /dev/null || fail "root, or sudo without a password, is needed to start one"
  mkdir -p "$dir/config" || fail "$dir cannot be made"
  export DOCKER_HOST="unix://$dir/docker.sock" DOCKER_CONFIG="$dir/config"
  command -v dockerd > /dev/null || { as_root apt-get update -qq && install_packages docker.io; } >&2 || fail "docker.io cannot be installed"
  if ! has_compose; then
    local package; package=$(compose_package)
    if [[ -n $package ]]; then install_packages "$package" >&2 || fail "$package cannot be installed"; else unpack_compose "$dir" >&2; fi
    has_compose || fail "docker compose does not run"
  fi
  if ! answers; then
    # A session of its own: Ctrl-C in the terminal of the tests must not end it before them.
    as_root setsid dockerd --host "$DOCKER_HOST" --group "$(id -g)" --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/dockerd.pid" \
      --bridge=none --iptables=false --ip6tables=false --ip-forward=false > "$dir/dockerd.log" 2>&1 < /dev/null &
    local waited=0
    until answers; do
      ((waited += 1)) && ((waited > socket_wait_s * 5)) && fail "dockerd did not answer: $(tail -n 1 "$dir/dockerd.log")"
      kill -0 $! 2> /dev/null || fail "dockerd ended: $(tail -n 1 "$dir/dockerd.log")"
      sleep 0.2
    done
  fi
  printf 'export DOCKER_HOST=%q DOCKER_CONFIG=%q\n' "$DOCKER_HOST" "$DOCKER_CONFIG"
}

stop() {
  local dir=$1 pid waited=0
  [[ -e $dir/config ]] || return 0
  if [[ -e $dir/dockerd.pid ]]; then
    pid=$(cat "$dir/dockerd.pid")
    as_root kill "$pid" 2> /dev/null || true
    while [[ -e /proc/$pid ]] && ((waited += 1)) && ((waited <= stop_wait_s * 10)); do sleep 0.1; done
    [[ -e /proc/$pid ]] && fail "dockerd $pid does not end"
  fi
  mount | awk -v dir="$dir/" 'index($3, dir) == 1 { print $3 }' | sort -r | while read -r mounted; do as_root umount "$mounted"; done
  as_root rm -rf "$dir/apt" "$dir/config" "$dir/data" "$dir/exec" "$dir/docker.sock" "$dir/dockerd.pid" "$dir/dockerd.log"
  rmdir "$dir" 2> /dev/null || true
}

action=${1:-}; folder=$(realpath -m "${2:?a folder for the daemon}")
case $action in
  start | stop) "$action" "$folder" ;;
  *) echo "docker-daemon.sh: start or stop, not $action" >&2; exit 2 ;;
esac

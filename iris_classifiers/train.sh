#!/usr/bin/env bash
# Trains the model of the sample model repository in a virtual environment of its own (.venv/ in the repository root).
# Run again it changes nothing: the environment is reused while the requirements are the same, and training gives the
# same bytes. Set PYTHON to choose the interpreter. Exit codes: 0 done, 2 no usable Python, else the failed step's.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$here")"
venv="$root/.venv"
requirements="$here/requirements.txt"
# Written last, so an interrupted installation is made again.
stamp="$venv/installed-requirements.txt"

fail() {
  printf 'error: %s\n' "$1" >&2
  printf '       %s\n' "${@:2}" >&2
  exit 2
}

# The pinned packages have wheels for these versions; an older or newer Python would have to build them.
supported() {
  "$1" -c 'import sys; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1
}

find_python() {
  if [[ -n "${PYTHON:-}" ]]; then
    supported "$PYTHON" || fail "PYTHON=$PYTHON is not a Python from 3.9 to 3.14" \
      'Point PYTHON at another interpreter, or unset it to use the one on PATH.'
    printf '%s\n' "$PYTHON"
    return
  fi
  local candidate
  for candidate in python3 python3.13 python3.12 python3.11 python3.10 python3.14 python3.9 python; do
    if supported "$candidate"; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  fail 'training needs Python 3.9 to 3.14, and none is on PATH' \
    'Debian, Ubuntu: sudo apt-get install python3 python3-venv' \
    'Fedora: sudo dnf install python3    macOS: brew install python@3.13' \
    'Elsewhere on this machine: PYTHON=/path/to/python3 npm run train'
}

make_venv() {
  local python
  python="$(find_python)"
  "$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || fail "$python has no venv module" \
    'Debian, Ubuntu: sudo apt-get install python3-venv'
  printf 'Making .venv with %s\n' "$("$python" --version)" >&2
  "$python" -m venv --clear "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    --requirement "$requirements" || fail 'the pinned packages could not be installed (see above)' \
    "Check the connection to the package index, then run this again: $requirements"
  cp "$requirements" "$stamp"
}

# A virtual environment whose Python was removed or upgraded no longer runs, whatever its stamp says.
if ! { cmp -s "$requirements" "$stamp" && supported "$venv/bin/python"; }; then
  make_venv
fi

cd "$root"
# One thread: sums are then added in the same order on every machine. No bytecode: only the artifacts are written.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
# Settings of the caller's Python do not reach into this environment.
unset PYTHONHOME PYTHONPATH
exec "$venv/bin/python" -m iris_classifiers.train "$@"

#!/usr/bin/env bash
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Brings what the tests and the lab need onto a Debian 12 machine, once, and runs `python -m ARGUMENTS` with it.
# The virtual environment stands outside the checkout and is made anew when requirements-dev.txt changes.

set -euo pipefail
cd "$(dirname "$0")/../.."

home=${SUBMARINER_LAB_HOME:-$HOME/.cache/submariner-lifecycle}
log=$home/logs/prepare.log

fail() {
    echo "$1" >&2
    exit 1
}

packages() {
    local wanted=(ca-certificates git make openssh-client python3 python3-venv shellcheck) missing=() name
    wanted+=(busybox curl ncat netcat-openbsd socat) # what images for the data path may have
    for name in "${wanted[@]}"; do
        [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null) == ii* ]] || missing+=("$name")
    done
    [[ ${#missing[@]} -eq 0 ]] && return
    [[ $(id -u) -eq 0 ]] || fail "These Debian packages are missing: ${missing[*]}. Install them or run this command as root."
    echo "installing Debian packages: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >>"$log" 2>&1 ||
        fail "apt-get failed, see $log"
}

# The newest Python that ansible 12 runs on.
interpreter() {
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

python_environment() {
    local python
    python=$(interpreter) || fail "Python 3.11, 3.12 or 3.13 with its venv module is needed."
    environment=$home/venv/$({ "$python" -V && cat requirements-dev.txt; } | sha256sum | cut -c 1-16)
    [[ -e $environment/complete ]] && return
    echo "making the Python environment $environment"
    rm -rf "$environment"
    "$python" -m venv "$environment"
    "$environment/bin/python" -m pip install --disable-pip-version-check --requirement requirements-dev.txt >>"$log" 2>&1 ||
        fail "pip failed, see $log"
    touch "$environment/complete"
}

command -v dpkg-query >/dev/null || fail "This sets itself up on Debian 12 (and its relatives); dpkg-query is not here."
mkdir -p "$home/venv" "$home/logs"
exec 9>"$home/venv/lock"
flock 9
packages
python_environment
exec 9>&-

export PATH=$environment/bin:$PATH
exec "$environment/bin/python" -m "$@"

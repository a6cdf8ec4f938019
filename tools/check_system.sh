#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Say in one sentence why "make demo" and "make test" cannot be set up here; the argument is the Python to be used.
set -euo pipefail
refuse() {
    echo "make: $1" >&2
    exit 1
}
system="$(uname -s) on $(uname -m)"
case $system in
"Linux on x86_64" | "Linux on aarch64") ;;
*) refuse "the PostgreSQL servers that demo and tests run come for Linux on x86_64 and aarch64 only, and this is $system: use a Linux container or virtual machine." ;;
esac
"${1:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    refuse "Python 3.11 or newer is needed, and ${1:-python3} is not one: install it, or name it (make PYTHON=/path/to/python3.11)."
"$1" -c 'import ensurepip, venv' 2>/dev/null ||
    refuse "$1 has no venv: install it (Debian and Ubuntu: apt install python3-venv)."

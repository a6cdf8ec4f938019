#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Install, as root on Debian or Ubuntu, what "make molecule" needs beyond Python, and print the versions.
# runc and netavark are what .ci/containers.conf names; debootstrap makes images where no registry can be reached.
set -euo pipefail

packages=(podman runc netavark aardvark-dns iptables debootstrap openssh-client openssl gpg)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
done
if ((${#missing[@]})); then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    apt-get -qq install --no-install-recommends "${missing[@]}" >/dev/null
fi
dpkg-query -W -f '${Package} ${Version}\n' "${packages[@]}"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Checks .github/workflows with actionlint, which comes as a Go module and is verified by Go's checksum database.
set -euo pipefail
cd "$(dirname "$0")/.."
version=v1.7.12
bin=$PWD/.cache/actionlint/$version
test -x "$bin/actionlint" || GOBIN=$bin go install "github.com/rhysd/actionlint/cmd/actionlint@$version"
"$bin/actionlint" "$@" .github/workflows/*.yml

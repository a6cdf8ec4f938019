#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run ansible-test sanity, on all files or on those below MM_SANITY. It runs on a copy: it wants a path that ends in
# ansible_collections/NAMESPACE/NAME, and follows no links.
# It makes its virtual environments with a script from the internet; where that cannot be had, ensurepip does the same.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
copy=$stage/ansible_collections/metamapper/postgresql
mkdir -p "$copy" "$stage/ansible_collections/community" "$HOME/.ansible/test/cache"
cd "$root"
git ls-files -co --exclude-standard -z | while IFS= read -r -d '' file; do
    if [ -e "$file" ]; then printf '%s\0' "$file"; fi
done | xargs -0 cp -a --parents -t "$copy"
cp -a .ansible/collections/ansible_collections/community/postgresql "$stage/ansible_collections/community/postgresql"
for name in $(python - <<'PYTHON'
import pathlib, re, ansible_test
source = pathlib.Path(ansible_test.__file__).parent.joinpath("_internal/python_requirements.py").read_text()
versions = set(re.findall(r"pip='([0-9.]+)'", source))
print(*(f"get_pip_{version.replace('.', '_')}.py" for version in sorted(versions)))
PYTHON
); do
    [ -e "$HOME/.ansible/test/cache/$name" ] || cp tools/get_pip.py "$HOME/.ansible/test/cache/$name"
done
cd "$copy"
ansible-test sanity --python "$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')" --skip-test pslint "$@" \
    ${MM_SANITY:+"$MM_SANITY"}

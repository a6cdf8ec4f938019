#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs ssh, and ends with 78 where the host key of the bastion is not the known one: the unit is not started again then.
# ssh itself ends with 255 whatever the reason was.
# Stopped, this shell is the last to end, with 0: systemd signals all of them, and need not look for what is left.
stopped=
trap 'stopped=yes' TERM
"$@" 2>&1 | {
    status=1
    while IFS= read -r line; do
        printf '%s\n' "$line"
        case $line in "Host key verification failed."*) status=78 ;; esac
    done
    exit "$status"
}
status=$?
[ -z "$stopped" ] || exit 0
exit "$status"

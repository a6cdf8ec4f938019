#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Implements what the scenarios use of the official image's interface: POSTGRES_PASSWORD, PGDATA and
# "postgres -c name=value".
set -euo pipefail

if [ "${1:-}" = postgres ] && [ "$(id -u)" = 0 ]; then
    getent passwd postgres >/dev/null || useradd --system --uid 999 --home-dir /var/lib/postgresql postgres
    install -d -o postgres -g postgres -m 0700 "$PGDATA"
    install -d -o postgres -g postgres -m 0777 /var/run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
if [ "${1:-}" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb -D "$PGDATA" -U postgres -A scram-sha-256 --pwfile=<(printf '%s' "${POSTGRES_PASSWORD:?}") -E UTF8 \
        --locale=C --nosync
    printf "listen_addresses = '*'\nunix_socket_directories = '/var/run/postgresql'\n" >>"$PGDATA/postgresql.conf"
fi
exec "$@"

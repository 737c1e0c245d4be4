#!/bin/bash
# Makes the cluster at the first start as the official image would, then becomes the server.
set -euo pipefail

if [[ ! -s "$PGDATA/PG_VERSION" ]]; then
    initdb --pgdata="$PGDATA" --username=postgres --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:?}") \
        --auth-local=peer --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 \
        --locale-provider=builtin --builtin-locale=C.UTF-8
    # Reachable by socket only until the init scripts are through: no client meets half a database.
    pg_ctl --pgdata="$PGDATA" --wait --options="-c listen_addresses='' -c unix_socket_directories=$PGHOST" start
    for script in /docker-entrypoint-initdb.d/*.sh; do
        bash "$script"
    done
    pg_ctl --pgdata="$PGDATA" --wait --mode=fast stop
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories="$PGHOST"

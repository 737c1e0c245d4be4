#!/bin/sh
# Gives Airflow's simple login its one password, from the environment into a file on tmpfs, then becomes the server.
set -eu
umask 077
python -c 'import json, os; print(json.dumps({"admin": os.environ["PADAN_AIRFLOW_ADMIN_PASSWORD"]}))' \
    > "$AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
unset PADAN_AIRFLOW_ADMIN_PASSWORD
exec airflow api-server

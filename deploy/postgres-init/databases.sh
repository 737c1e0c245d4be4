#!/bin/bash
# Runs once, in an empty volume: the two databases, each with an owner of its own.
set -euo pipefail

psql --username=postgres --dbname=postgres --no-psqlrc --quiet --set=ON_ERROR_STOP=1 <<'SQL'
-- The environment holds the passwords; neither this file, nor an argument list, nor the log does.
set log_statement = 'none';
set log_min_error_statement = 'panic';
\getenv padan_password PADAN_DATABASE_PASSWORD
\getenv airflow_password PADAN_AIRFLOW_DATABASE_PASSWORD
create role padan login createrole password :'padan_password';  -- makes the reading roles when it migrates
create role airflow login password :'airflow_password';
create database padan owner padan;
create database airflow owner airflow;
revoke connect, temporary on database airflow from public;
SQL

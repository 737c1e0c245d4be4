#!/bin/bash
# Runs once, in an empty volume: the two databases, each with an owner of its own.
set -euo pipefail

psql --username=postgres --dbname=postgres --no-psqlrc --quiet --set=ON_ERROR_STOP=1 <<'SQL'
-- The environment holds the passwords; neither this file, nor an argument list, nor the log does.
set log_statement = 'none';
set log_min_error_statement = 'panic';
\getenv padan_password PADAN_DATABASE_PASSWORD
\getenv airflow_password PADAN_AIRFLOW_DATABASE_PASSWORD
create role padan login createrole password :'padan_password';
-- What Padan's rooms work as, and those who read; nobody logs in as one of these (migrations 0050 and 0200 grant what each may).
create role owner nologin; create role loader nologin; create role transformer nologin; create role quality nologin;
create role ledger nologin; create role alerts nologin; create role minutes nologin; create role obligations nologin;
create role privacy nologin; create role reference nologin; create role status nologin;
create role liaison_bps nologin; create role liaison_bkn nologin;
create role liaison_bps_agencies nologin; create role liaison_bkn_agencies nologin; create role bi_reader nologin; create role auditor nologin;
-- It may take each of them, and has its rights only then.
grant owner, loader, transformer, quality, ledger, alerts, minutes, obligations, privacy, reference, status, bi_reader, auditor
    to padan with inherit false, set true;
-- Those of the liaison units it gives to their logins (padan access).
grant liaison_bps, liaison_bkn, liaison_bps_agencies, liaison_bkn_agencies to padan with inherit false, set true, admin true;
create role airflow login password :'airflow_password';
create database padan owner padan;
create database airflow owner airflow;
revoke connect, temporary on database airflow from public;
SQL

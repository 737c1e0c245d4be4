"""Alembic's entry: runs the revisions on the connection that :func:`padan.warehouse.migrations.migrate` hands over."""

from alembic import context

from padan.warehouse.migrations import HISTORY_SCHEMA

context.configure(
    connection=context.config.attributes["connection"],
    version_table="schema_revision",
    version_table_schema=HISTORY_SCHEMA,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()

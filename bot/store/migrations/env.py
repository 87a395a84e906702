"""Run migrations on the connection that ``Database`` hands over, inside its write transaction."""

from alembic import context

from bot.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can; Alembic assumes it cannot
)
context.run_migrations()

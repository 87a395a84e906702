"""Run migrations on the connection and in the transaction that ``migrating.py`` hands over.

A step that goes through many rows says how far it is: ``op.get_context().opts["note_rows"](done, total, "jobs")``.
"""

from alembic import context

from bot.store.tables import metadata

given = context.config.attributes
context.configure(
    connection=given["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can; Alembic assumes it cannot
    on_version_apply=given["on_version_apply"],
    note_rows=given["note_rows"],
)
context.run_migrations()

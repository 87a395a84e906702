"""The database: tables, migrations, and every statement."""

from sqlalchemy.ext.asyncio import AsyncConnection as Connection

__all__ = ["Connection"]

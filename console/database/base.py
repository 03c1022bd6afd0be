"""What every table of the console stands on."""

from sqlalchemy import BigInteger, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase

Number = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit integer; SQLite counts up only what is called INTEGER, which has 64 bits there."""


class Base(DeclarativeBase):
    """Tables, with names for their constraints: a migration must be able to name what it drops."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {int: Number}  # noqa: RUF012 - as SQLAlchemy wants it

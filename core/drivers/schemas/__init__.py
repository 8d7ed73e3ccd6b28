"""The shapes of drivers and assignments, shared by the API and the forms. A file is a noun."""

from core.drivers.schemas.assignments import NewAssignment
from core.drivers.schemas.people import NewDriver

__all__ = ["NewAssignment", "NewDriver"]

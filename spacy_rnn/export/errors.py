from ..errors import UserError


class ExportError(UserError):
    """A component cannot be exported."""

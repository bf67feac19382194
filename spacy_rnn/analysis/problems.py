"""What can be wrong with what is to be analysed."""

from ..errors import UserError


class AnalysisError(UserError):
    """Data, a pipeline or a setting does not allow what is asked for. The message says what was
    found, what is expected and what to do about it."""

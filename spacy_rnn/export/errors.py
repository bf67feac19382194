class ExportError(ValueError):
    """A component cannot be exported. The message says what was found, what is expected and what to
    do about it.
    """

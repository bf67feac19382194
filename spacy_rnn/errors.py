"""What a user can mend."""


class UserError(ValueError):
    """Something cannot be done, or not as it is asked. The message says what was found, what is
    expected and what to do about it. Commands tell it in one line; any other error is a mistake of
    ours, and keeps its traceback."""

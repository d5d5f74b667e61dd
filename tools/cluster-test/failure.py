"""What ends the test, as a sentence that says what to do or where to look."""


class Failure(Exception):
    pass

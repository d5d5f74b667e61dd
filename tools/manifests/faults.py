"""What a check found, as a sentence that says where."""


class Unfit(Exception):
    """The input cannot be checked at all; the message says what to do."""


def named(resource):
    return f"{resource.get('kind', 'no kind')}/{resource.get('metadata', {}).get('name', 'no name')}"

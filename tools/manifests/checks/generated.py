"""Whatever repeats another file is what would be written from it."""

import generate


def check(subject):
    return generate.drift(subject.root)

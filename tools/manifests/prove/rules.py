"""The rules of the checks, each a sentence that is yielded, and which of them some example has led to."""

import ast
import sys


class Rules:
    def __init__(self, folder):
        self.all = {rule for file in sorted(folder.glob("*.py")) for rule in rules_in(file)}
        self.files = {file for file, *_ in self.all}
        self.seen = set()

    def __enter__(self):
        sys.settrace(self.frame)

    def __exit__(self, *_):
        sys.settrace(None)

    def frame(self, frame, _event, _argument):
        return self.line if frame.f_code.co_filename in self.files else None

    def line(self, frame, _event, _argument):
        self.seen.add((frame.f_code.co_filename, frame.f_lineno))
        return self.line

    def unused(self):
        for file, first, last in sorted(self.all):
            if not any((file, line) in self.seen for line in range(first, last + 1)):
                yield f"{'/'.join(file.split('/')[-2:])}:{first}"


def rules_in(file):
    """Where a sentence is yielded, returned or made into a list of them."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Yield, ast.Return)) and isinstance(node.value, (ast.JoinedStr, ast.Constant)):
            if isinstance(node.value, ast.JoinedStr) or isinstance(node.value.value, str):
                yield str(file), node.lineno, node.end_lineno

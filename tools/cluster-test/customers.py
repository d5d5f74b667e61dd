"""Lists of customers that go in, are acknowledged, and must all be there at the end."""

import json
import re

from failure import Failure


class Customers:
    def __init__(self, jobs):
        self.jobs = jobs
        self.acknowledged = set()

    def begin_import(self, name, rows, in_flight=1):
        people = [(f"{name.capitalize()} {row}", "Clusterson") for row in range(rows)]
        text = "first_name,last_name\n" + "".join(f"{first},{last}\n" for first, last in people)
        self.jobs.cluster.apply(
            [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"list-{name}"}, "data": {f"{name}.csv": text}}]
        )
        arguments = ["--output", "json", "import", f"/files/{name}.csv", "--in-flight", str(in_flight), "--give-up-after", "180s"]
        self.jobs.begin(f"import-{name}", arguments, files=f"list-{name}")
        return people

    def acknowledged_of(self, name):
        """How many rows of a running import were acknowledged, as the client told last (every 5 s)."""
        log = self.jobs.cluster.attempt("logs", f"job/import-{name}", "--tail=-1").stdout
        told = re.findall(r"^(\d+) of \d+ rows", log, re.MULTILINE)
        return int(told[-1]) if told else 0

    def end_import(self, name, people):
        """The client says that every row was acknowledged."""
        lines = self.jobs.result(f"import-{name}")
        summary = next(json.loads(line) for line in reversed(lines) if line.startswith("{"))
        if not summary["complete"] or summary["rejected"]:
            raise Failure(f"the import of {name} did not end: {summary}")
        self.acknowledged.update(people)
        return summary

    def all_there(self):
        lost, twice = self.missing()
        if lost or twice:
            raise Failure(f"of {len(self.acknowledged)} acknowledged customers {lost} are missing and {twice} are there twice")

    def missing(self):
        """How many acknowledged customers are not there, and how many are there more than once."""
        lines = self.jobs.run("list", ["--output", "json", "list", "--all"])
        found = [json.loads(line) for line in lines if line.startswith("{")]
        names = [(one["first_name"], one["last_name"]) for one in found if "id" in one]
        return len(self.acknowledged - set(names)), len(names) - len(set(names))

"""The figures of the cluster, and the other promises, as lines and in the file that keeps the last good run."""

import datetime
import json

AREA = "images"
BOUNDS = {
    "cluster_rollout_server_failed": ("calls", "==0"),
    "cluster_rollout_envoy_failed": ("calls", "==0"),
    "cluster_scale_failed": ("calls", "==0"),
    "cluster_lost": ("customers", "==0"),
    "canary_split": ("%", "<=2"),
}


class Figures:
    def __init__(self):
        self.measured = {}
        self.notes = {}
        self.checks = []

    def add(self, name, value, note):
        self.measured[name] = value
        self.notes[name] = note

    def none_failed(self, what, seen):
        """A promise without a figure of its own: no call fails meanwhile."""
        self.checks.append({"what": what, "calls": seen.calls, "failed": seen.failed})

    def verdict(self, name):
        value, bound = self.measured.get(name), BOUNDS[name][1]
        if value is None:
            return "short"
        limit = float(bound[2:])
        return "ok" if (value == limit if bound.startswith("==") else value <= limit) else "short"

    def broken(self):
        """What did not hold, a sentence each. The test goes on to its end first, so that it tells all of it."""
        for check in self.checks:
            if check["failed"]:
                yield f"{check['what']}: {check['failed']} of {check['calls']} calls failed, and none may"
        for name, (unit, bound) in BOUNDS.items():
            if name in self.measured and self.verdict(name) != "ok":
                yield f"{name} is {self.measured[name]:g} {unit}, and shall be {bound}: {self.notes[name]}"

    def lines(self):
        for name, (unit, bound) in BOUNDS.items():
            value = self.measured.get(name)
            yield f"figure {AREA} {name} {'unmeasured' if value is None else f'{value:g}'} {unit} {bound} {self.verdict(name)}"

    def write(self, path, facts):
        kept = {
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
            **facts,
            "figures": [
                {
                    "area": AREA,
                    "name": name,
                    "value": self.measured.get(name),
                    "unit": unit,
                    "bound": bound,
                    "verdict": self.verdict(name),
                    "samples": [],
                    "note": self.notes.get(name, "not measured"),
                }
                for name, (unit, bound) in BOUNDS.items()
            ],
            "checks": self.checks,
        }
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")

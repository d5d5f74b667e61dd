"""The figures of the cluster, as lines and in the file that keeps the last run."""

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

    def add(self, name, value, note):
        self.measured[name] = value
        self.notes[name] = note

    def verdict(self, name):
        value, bound = self.measured.get(name), BOUNDS[name][1]
        if value is None:
            return "short"
        limit = float(bound[2:])
        return "ok" if (value == limit if bound.startswith("==") else value <= limit) else "short"

    def all_ok(self):
        return all(self.verdict(name) == "ok" for name in BOUNDS)

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
        }
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")

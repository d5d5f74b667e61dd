"""Whether a pod is given the time that its end can take."""

import re

from checks.build import setting
from checks.durations import seconds
from faults import Unfit

SETTINGS = ("DRAIN_DELAY", "DRAIN_TIMEOUT")


def defaults(subject):
    """What the server takes where the manifest says nothing, by the README's table."""
    found = dict(re.findall(r"^\| `(\w+)` \| `[^`]+` \| `([^`]+)` \|", subject.read("README.md"), re.MULTILINE))
    if missing := [name for name in SETTINGS if name not in found]:
        raise Unfit(f"README.md has no default of {', '.join(missing)} in its table of settings")
    return found


def faults(pod, defaults):
    grace = pod.get("terminationGracePeriodSeconds", 30)
    for container in pod["containers"]:
        name, values = f"container {container['name']}", {}
        if container["name"] == "server":
            for variable in SETTINGS:
                text = (setting(container, variable) or {"value": defaults[variable]}).get("value", "")
                values[variable] = seconds(text)
                if values[variable] is None:
                    yield f"{name}: {variable} is '{text}', which is no duration: write for example 20s or 1m30s"
        needed = sum(value or 0 for value in values.values()) + hook_seconds(container)
        if needed >= grace:
            yield (
                f"{name}: terminationGracePeriodSeconds is {grace}, and its drain can take {needed:g} s: it would be killed; "
                "give it more"
            )


def hook_seconds(container):
    hook = container.get("lifecycle", {}).get("preStop", {})
    return hook.get("sleep", {}).get("seconds", 0) + script_seconds(hook.get("exec", {}).get("command", []))


def script_seconds(command):
    """The longest that a hook's sleeps and time limits can take, those of a counted loop once for each round."""
    total, rounds, function, costs = 0, 1, None, {}
    for line in map(str.strip, "\n".join(command).splitlines()):
        if begin := re.match(r"(\w+)\(\) \{", line):
            function = begin[1]
        if loop := re.match(r"for \w+ in \{1\.\.(\d+)\}", line):
            rounds = int(loop[1])
        cost = sum(float(n) for n in re.findall(r"(?:^|[;|&] *)(?:sleep|timeout) ([\d.]+)", line))
        cost += costs.get(line.partition(" ")[0], 0)
        if function:
            costs[function] = costs.get(function, 0) + cost
        else:
            total += rounds * cost
        if line == "}":
            function = None
        if line == "done":
            rounds = 1
    return total

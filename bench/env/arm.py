"""What every arm of the benchmark does: read the work list, wait for `go`, answer with one line of JSON, wait for `end`."""

import json
import sys
import time


def work():
    """The work list: for each environment a list of {task, seeds, clicks}."""
    with open(sys.argv[1]) as file:
        return json.load(file)


def say(line):
    print(line, flush=True)


def hear(word):
    said = sys.stdin.readline().strip()
    if said != word:
        sys.exit(f"expected `{word}`, got `{said}`")


class Timing:
    """Times in milliseconds, named as in the Rust arm."""

    def __init__(self):
        self.load_ms, self.reset_ms, self.step_ms, self.picture_bytes, self.elements = [], [], [], [], []

    def add(self, other):
        for name, values in vars(self).items():
            values.extend(other[name] if isinstance(other, dict) else getattr(other, name))


def ms(since):
    return (time.perf_counter() - since) * 1000


def say_result(timing, wall_s):
    say(json.dumps({"wall_s": wall_s, **vars(timing)}))

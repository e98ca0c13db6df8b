"""Measures Glim beside BrowserGym and beside bare DevTools commands, in interleaved pairs, and prints ratios.

usage: bench.py [--quick] [--rounds N] --glim BINARY --chromium HEADLESS_SHELL --browsers FOLDER [--save FILE]
`run` beside this file builds and installs what it needs and calls it.
"""

import argparse
import collections
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

import psutil

import report

HERE = Path(__file__).resolve().parent
TASKS = ["click-test", "click-button", "click-checkboxes", "enter-text", "login-user", "book-flight"]
STEPS_PER_RESET, RESETS_PER_TASK = 8, 2


def work(envs, tasks_per_env, first):
    """A work list: environment `i` begins with task `first + i`, so that over the rounds each plays all of them."""
    def part(at):
        choose = random.Random(at)
        # Below the goal strip, within the task area of 160x210.
        clicks = [(choose.randint(5, 155), choose.randint(60, 200)) for _ in range(STEPS_PER_RESET)]
        return {"task": TASKS[at % len(TASKS)], "seeds": [2 * at + 1, 2 * at + 2], "clicks": clicks}
    return {"envs": [[part(first + env + nth) for nth in range(tasks_per_env)] for env in range(envs)]}


def tree(pid):
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def cpu_s(pid):
    """Seconds of all processes below `pid`, those that ended included."""
    total = 0.0
    for process in tree(pid):
        with contextlib.suppress(psutil.Error):
            total += sum(process.cpu_times()[:4])
    return total


def pss_mb(pid):
    total = 0
    for process in tree(pid):
        with contextlib.suppress(psutil.Error, OSError):
            for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total / 1e6


def run(command, work, env):
    """Runs one arm through the work list. Its processes are counted, browsers included; of the floor only the browser."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(work, file)
        file.flush()
        command = [str(word) if word != "WORK" else file.name for word in command]
        arm = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        limit = threading.Timer(300, end, [arm.pid])
        limit.start()
        try:
            # `ready`, and the process to count where that is not the arm itself.
            counted = int((hear(arm, command).split()[1:] or [arm.pid])[0])
            begun = cpu_s(counted)
            tell(arm, "go")
            result = json.loads(hear(arm, command))
            spent = cpu_s(counted) - begun
            steps = len(result["step_ms"])
            measured = {
                "steps_per_s": steps / result["wall_s"],
                "cpu_ms_per_step": spent * 1000 / steps,
                "pss_mb_per_episode": pss_mb(counted) / len(work["envs"]),
                **{name: median(result[name]) if result[name] else None
                   for name in ("load_ms", "reset_ms", "step_ms", "picture_bytes", "elements")},
                "load": os.getloadavg()[0],
            }
            tell(arm, "end")
            with contextlib.suppress(subprocess.TimeoutExpired):
                arm.wait(60)
            return measured
        finally:
            limit.cancel()
            end(arm.pid)
            arm.wait()


def end(pid):
    """Ends a process with all its children, browsers included."""
    with contextlib.suppress(psutil.Error):
        for process in tree(pid):
            with contextlib.suppress(psutil.Error):
                process.kill()


def hear(arm, command):
    line = arm.stdout.readline().strip()
    if not line:
        raise RuntimeError(f"an arm ended without an answer: {' '.join(command)}")
    return line


def tell(arm, word):
    arm.stdin.write(word + "\n")
    arm.stdin.flush()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Bench:
    def __init__(self, options):
        import miniwob

        html = Path(miniwob.__file__).parent / "html"
        port = free_port()
        url = f"http://127.0.0.1:{port}/miniwob/"
        server = [sys.executable, HERE / "serve.py", port, html]
        self.server = subprocess.Popen([str(word) for word in server])
        with_browsers = {"PLAYWRIGHT_BROWSERS_PATH": options.browsers, "MINIWOB_URL": url}
        self.env = {**os.environ, **with_browsers, "FLOOR_CHROMIUM": options.chromium, "GLIM_CHROMIUM": options.chromium}
        python = [sys.executable, "-W", "ignore"]
        self.arms = {
            "Glim": [options.glim, "WORK", html],
            "BrowserGym as shipped": [*python, HERE / "browsergym_arm.py", "WORK", "shipped"],
            "BrowserGym tuned": [*python, HERE / "browsergym_arm.py", "WORK", "tuned"],
            "floor, trees": [*python, HERE / "floor_arm.py", "WORK", "trees", url],
            "floor, boxes": [*python, HERE / "floor_arm.py", "WORK", "boxes", url],
        }
        self.runs = collections.defaultdict(list)
        self.pairs = collections.defaultdict(list)

    def one(self, arm, envs, tasks, first):
        begun = time.time()
        try:
            measured = run(self.arms[arm], work(envs, tasks, first), self.env)
        except RuntimeError as error:
            # Once may be bad luck of a bare Chromium; twice is not, and Glim gets no second chance.
            if arm == "Glim":
                raise
            print(f"  {arm} once more: {error}", flush=True)
            measured = run(self.arms[arm], work(envs, tasks, first), self.env)
        self.runs[arm, envs].append(measured)
        print(f"  {envs:2} x {arm:22} {measured['steps_per_s']:7.2f} steps/s, step {measured['step_ms']:7.1f} ms, "
              f"load {measured['load']:5.2f}, took {time.time() - begun:4.0f} s", flush=True)
        return measured

    def pair(self, other, envs, first, tasks_of_other, tasks=3):
        """One run of the other arm, then one of Glim."""
        peer = self.one(other, envs, tasks_of_other, first)
        self.pairs[other, envs].append((self.one("Glim", envs, tasks, first), peer))

    def rounds(self, count, floors):
        for nth in range(count):
            print(f"round {nth + 1} of {count}, load average {os.getloadavg()[0]:.2f}", flush=True)
            for peer in ("BrowserGym as shipped", "BrowserGym tuned"):
                self.pair(peer, 4, 4 * nth, tasks_of_other=1)
                # click-test, enter-text, book-flight: a light, a middling and a heavy page.
                self.pair(peer, 1, (0, 3, 5)[nth % 3], tasks_of_other=1, tasks=2)
            for again in range(floors):
                for floor in ("floor, trees", "floor, boxes"):
                    for envs in (4, 1):
                        self.pair(floor, envs, 4 * nth + again, tasks_of_other=3 if envs == 4 else 6,
                                  tasks=3 if envs == 4 else 6)
        for arm in ("floor, boxes", "Glim"):
            self.one(arm, 16, 1, 0)


def main():
    parser = argparse.ArgumentParser()
    for option in ("--glim", "--chromium", "--browsers"):
        parser.add_argument(option, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--save", help="write all that was measured as JSON")
    options = parser.parse_args()

    # So that what was started ends with us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    bench, begun = Bench(options), time.time()
    try:
        bench.rounds(count=1 if options.quick else options.rounds, floors=1 if options.quick else 2)
    finally:
        bench.server.kill()
        bench.server.wait()
    print(report.text(bench.runs, bench.pairs, time.time() - begun))
    if options.save:
        named = lambda table: {f"{arm} x{envs}": rows for (arm, envs), rows in table.items()}
        Path(options.save).write_text(json.dumps({"runs": named(bench.runs), "pairs": named(bench.pairs)}, indent=1))


if __name__ == "__main__":
    main()

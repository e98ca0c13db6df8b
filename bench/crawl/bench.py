"""Measures `glim crawl` beside the peer, in turns, on the same 100 pages from the same server, and prints ratios.

usage: bench.py --glim BINARY [--rounds N] [--check] [--recall] [--memory PAGES]
`run` beside this file builds and installs what it needs and calls it.
"""

import argparse
import ctypes
import json
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

import psutil

HERE = Path(__file__).resolve().parent
SITES = "python postgres gtk apache sqlite django handbook cpp node adminlte sbadmin gentelella uikit".split()

RECIPE = """name = "bench"
workers = 2

[[source]]
{source}

[hosts]
{hosts}

[looks]
scrolls = {scrolls}
interactions = 0
consent = "keep"

[filter]
same_text = 0.0
min_elements = 0

[store]
image = "png"

[politeness]
contact = "mailto:nobody@example.org"
"""


def cpu_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command):
    """Output, wall seconds, and CPU seconds of all processes below it, those that ended or were left behind included."""
    before, begun = cpu_s(), time.time()
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE)
    wall = time.time() - begun
    if done.returncode:
        sys.exit(f"{command[0]} failed: {done.stdout}{done.stderr}")
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    return done.stdout, wall, cpu_s() - before


def peer(python, port, out):
    text, _, cpu = run([python, "peer.py", "--contexts", "2", "--port", str(port), "--out", out])
    told = json.loads(text.splitlines()[0])
    return {"pages": told["pages_ok"], "pages_s": told["pages_per_s"], "cpu": cpu / told["pages_ok"], "elements": told["elements"]}


def recipe(folder, port, source=None, scrolls=0, urls=HERE / "urls100.txt"):
    source = source or f'kind = "list"\npath = "{urls}"'
    path = Path(folder) / "bench.toml"
    hosts = "\n".join(f'"{site}.test" = "127.0.0.1:{port}"' for site in SITES)
    path.write_text(RECIPE.format(source=source, hosts=hosts, scrolls=scrolls))
    return str(path)


def glim(binary, port, folder, scrolls=0):
    out = str(Path(folder) / "dataset")
    text, wall, cpu = run([binary, "crawl", "--recipe", recipe(folder, port, scrolls=scrolls), "--out", out])
    pages, screens, questions, dropped = map(int, re.match(r"(\d+) pages, (\d+) screens, (\d+) questions; (\d+)", text).groups())
    stats = json.loads(run([binary, "data", "stats", out, "--json"])[0])
    return {"pages": pages, "pages_s": (pages + dropped) / wall, "cpu": cpu / (pages + dropped), "elements": stats["elements"],
            "lines": stats["lines"], "questions": questions}


def recall(binary, port, folder):
    """Which of the controls that a person found on 20 pages (recall.json) are elements of a dataset."""
    import pyarrow.parquet

    pages = json.loads((HERE / "recall.json").read_text())
    (Path(folder) / "urls.txt").write_text("".join(page["url"] + "\n" for page in pages))
    out = Path(folder) / "dataset"
    run([binary, "crawl", "--recipe", recipe(folder, port, urls=Path(folder) / "urls.txt"), "--out", str(out)])
    screens = {row["url"]: row["elements"] for file in out.glob("data/*.parquet") for row in pyarrow.parquet.read_table(file).to_pylist()}
    area = lambda box: max(0, box[2] - box[0]) * max(0, box[3] - box[1])
    found, asked = 0, 0
    for page in pages:
        for tag, text, box in page["controls"]:
            # Of a link over two lines a dataset has the longer one.
            shared = lambda other: area([max(box[0], other[0]), max(box[1], other[1]), min(box[2], other[2]), min(box[3], other[3])])
            there = any(shared(e["box_px"]) > 0.7 * min(area(e["box_px"]), area(box)) and 0.35 < area(e["box_px"]) / area(box) < 2.5
                        for e in screens[page["url"]] if e["kind"] in ("control", "field", "icon", "image") or e["clickable"] or e["editable"])
            asked, found = asked + 1, found + there
            if not there:
                print(f"missing: {page['url']} {tag} {text!r} {box}")
    print(f"recall: {found} of {asked} controls on {len(pages)} pages, {100 * found / asked:.1f}%")


def pss_mb(pid):
    total = 0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) / 1024
        except (OSError, psutil.Error):
            pass
    return total


def memory(binary, web, pages):
    """Memory of a crawl over many pages of a folder: means over its tenths."""
    with tempfile.TemporaryDirectory() as folder:
        source = f'kind = "folder"\npath = "{web}/cppreference-doc-en-html/usr/share/cppreference/doc/html"\nhost = "cpp.test"'
        path = recipe(folder, 1, source)
        text = Path(path).read_text().split("[hosts]")[0] + "[looks]" + Path(path).read_text().split("[looks]")[1]
        second = f'\n[[source]]\nkind = "folder"\npath = "{web}/apache2-doc/usr/share/doc/apache2-doc/manual"\nhost = "apache.test"\n'
        Path(path).write_text(text.replace("\n[looks]", second + "\n[looks]").replace("workers = 2", f"workers = 2\npages_max = {pages}"))
        child = subprocess.Popen([binary, "crawl", "--recipe", path, "--out", str(Path(folder) / "dataset")], stdout=subprocess.PIPE, text=True)
        samples = []
        while child.poll() is None:
            try:
                samples.append((pss_mb(child.pid), psutil.Process(child.pid).memory_info().rss / 2**20))
            except psutil.Error:
                pass
            time.sleep(2)
        print(child.stdout.read())
        tenths = [samples[at * len(samples) // 10:(at + 1) * len(samples) // 10] for at in range(10)]
        print("| tenth | all processes, PSS MB | glim itself, RSS MB |\n|---|---|---|")
        for at, part in enumerate(tenths):
            if part:
                print(f"| {at + 1} | {sum(s[0] for s in part) / len(part):.0f} | {sum(s[1] for s in part) / len(part):.0f} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--glim", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--check", action="store_true", help="also judge the boxes by the independent checker")
    parser.add_argument("--recall", action="store_true", help="instead: recall on the hand-checked pages of recall.json")
    parser.add_argument("--memory", type=int, metavar="PAGES", help="instead: memory over that many pages")
    options = parser.parse_args()
    web = os.environ["WEB_ROOT"]
    if options.memory:
        return memory(options.glim, web, options.memory)
    # Processes that their parents leave behind become ours, so that their CPU time is counted.
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # In a process of its own group, and not one of ours to wait for.
    server = subprocess.Popen(["sh", "-c", f"exec {sys.executable} serve.py {port}"], cwd=HERE, start_new_session=True)
    reaping = os.waitpid

    def others(_pid, flags):
        # All children but the server.
        for process in psutil.Process().children():
            if process.pid != server.pid:
                return reaping(process.pid, flags)
        raise ChildProcessError

    os.waitpid = others
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        if options.recall:
            with tempfile.TemporaryDirectory() as folder:
                return recall(options.glim, port, folder)
        pairs = []
        for round_ in range(options.rounds + 1):
            with tempfile.TemporaryDirectory() as folder:
                pair = peer(sys.executable, port, folder + "/peer"), glim(options.glim, port, folder)
            load = os.getloadavg()[0]
            for name, told in zip(("peer", "Glim"), pair):
                warm = " (to warm up)" if round_ == 0 else ""
                print(f"{name:>5}: {told['pages_s']:.2f} pages/s, {told['cpu']:.3f} CPU s a page, {told['elements']} elements, load {load:.1f}{warm}",
                      file=sys.stderr)
            if round_:
                pairs.append(pair)
        table(pairs)
        if options.check:
            with tempfile.TemporaryDirectory() as folder:
                glim(options.glim, port, folder, scrolls=1)
                for name, more in [("all screens", []), ("templates", ["--sites", "adminlte,sbadmin,gentelella,uikit"]), ("scrolled", ["--scroll", "1"])]:
                    text, _, _ = run([sys.executable, "check.py", folder + "/dataset", "--port", str(port), "--per", "0", *more])
                    print(f"{name}: {text}")
    finally:
        server.terminate()


def table(pairs):
    middle = lambda arm, key: median(pair[arm][key] for pair in pairs)
    ratio = lambda key, upside: median((p[1][key] / p[0][key]) if upside else (p[0][key] / p[1][key]) for p in pairs)
    glim_cpu = median(p[1]["cpu"] / p[0]["cpu"] for p in pairs)
    print(f"\n{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}, {os.cpu_count()} CPUs, load average {os.getloadavg()[0]:.1f}; medians over {len(pairs)} rounds\n")
    print("| arm | pages/s | CPU s a page | elements | lines of text | questions |\n|---|---|---|---|---|---|")
    print(f"| peer, 2 contexts | {middle(0, 'pages_s'):.2f} | {middle(0, 'cpu'):.3f} | {middle(0, 'elements'):.0f} | | |")
    print(f"| Glim, 2 workers | {middle(1, 'pages_s'):.2f} | {middle(1, 'cpu'):.3f} | {middle(1, 'elements'):.0f} | {middle(1, 'lines'):.0f} | {middle(1, 'questions'):.0f} |")
    met = lambda is_: "met" if is_ else "NOT MET"
    speed = ratio("pages_s", True)
    print("\n| ratio | median of pairs | target | |\n|---|---|---|---|")
    print(f"| pages/s, Glim over the peer | {speed:.2f} | at least 3 | {met(speed >= 3)} |")
    print(f"| CPU a page, Glim over the peer | {glim_cpu:.2f} | at most 0.5 | {met(glim_cpu <= 0.5)} |")


main()

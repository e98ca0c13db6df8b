#!/usr/bin/env python3
"""Runs the peer and Glim in turns with the same arguments, and prints what one is of the other. Called by `run`."""
import argparse
import datetime
import json
import os
import re
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# What is compared, with the least ratio wanted on a CPU and on a GPU.
ROWS = [
    ("vision, patches/s", ("vision", "patches_per_s"), None, None),
    ("prefill, tokens/s", ("prefill", "tok_per_s"), 1.0, 1.2),
    ("decoding, batch {}, tokens/s", ("decode", "{}", "tok_per_s"), 2.0, 4.0),
    ("training step, tokens/s", ("train", "tok_per_s"), 1.2, 1.2),
]
# Of the peak, in training, on a GPU.
MFU = 0.45
HEADING = "## Last result"


def run(arm, command):
    """The last line of an arm, which is its figures."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        sys.exit(f"bench-model: {arm} failed ({done.returncode}): {' '.join(command)}")
    try:
        return json.loads(lines[-1])
    except ValueError:
        sys.exit(f"bench-model: {arm} printed no line of JSON but `{lines[-1][:200]}`")


def pick(figures, path):
    for key in path:
        figures = figures.get(key) if isinstance(figures, dict) else None
    return figures


def rows(batches):
    for name, path, cpu, gpu in ROWS:
        if "{}" in name:
            for batch in batches:
                yield name.format(batch), tuple(key.format(batch) for key in path), cpu, gpu
        else:
            yield name, path, cpu, gpu


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def table(pairs, batches, on_gpu):
    lines = ["| | transformers | Glim | ratio, median of pairs | range | CPU seconds, Glim to transformers | target | |",
             "|---|---|---|---|---|---|---|---|"]
    for name, path, cpu, gpu in rows(batches):
        both = [(pick(peer, path), pick(ours, path)) for peer, ours in pairs]
        if any(value is None for pair in both for value in pair):
            lines.append(f"| {name} | not measured by both | | | | | | |")
            continue
        ratios = [ours / peer for peer, ours in both]
        seconds = [(pick(peer, (*path[:-1], "cpu_s")), pick(ours, (*path[:-1], "cpu_s"))) for peer, ours in pairs]
        seconds = [ours / peer for peer, ours in seconds if peer and ours]
        target = gpu if on_gpu else cpu
        ratio = statistics.median(ratios)
        verdict = "" if target is None else "met" if ratio >= target else "NOT MET"
        lines.append(" | ".join([
            f"| {name}", number(statistics.median(peer for peer, _ in both)),
            number(statistics.median(ours for _, ours in both)), f"{ratio:.2f}",
            f"{min(ratios):.2f} to {max(ratios):.2f}", f"{statistics.median(seconds):.2f}" if seconds else "",
            f"at least {target}" if target else "", f"{verdict} |"]))
    shares = [[pick(arm, ("train", "mfu")) for arm in pair] for pair in pairs]
    if all(share is not None for pair in shares for share in pair):
        peer, ours = (statistics.median(column) for column in zip(*shares))
        target, verdict = ("at least " + str(MFU), "met" if ours >= MFU else "NOT MET") if on_gpu else ("", "")
        lines.append(f"| training, share of the peak | {peer:.3f} | {ours:.3f} | {ours / peer:.2f} | | | {target} | "
                     f"{verdict} |")
    return lines


def save(path, text):
    """Into a page under its heading, in place of what stood there; or as a page."""
    page = open(path).read() if os.path.exists(path) else ""
    if HEADING in page:
        before, rest = page.split(HEADING, 1)
        following = re.search(r"^## ", rest, re.M)
        text = f"{before}{HEADING}\n\n{text}" + (f"\n{rest[following.start():]}" if following else "")
    with open(path, "w") as file:
        file.write(text)


def main():
    parser = argparse.ArgumentParser(
        prog="run", description=__doc__, epilog="Further arguments go to both, as in: run --config 1b --device cuda "
        "--dtype bf16 --ckpt. bench_hf.py --help lists them.")
    parser.add_argument("--glim", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3, help="pairs of runs (3)")
    parser.add_argument("--save", metavar="FILE", help="the table, also into this page under `Last result`")
    parser.add_argument("--config", default="100m", help="tiny, 100m, 500m, 1b, 9b (100m)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (cpu)")
    parser.add_argument("--dtype", default="fp32", help="fp32 or bf16 (fp32)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of both (all cores)")
    parser.add_argument("--recompute", metavar="N", help="Glim computes the first N blocks again instead of all (--ckpt)")
    parser.add_argument("--peer-only", action="store_true", help="does not run Glim")
    a, more = parser.parse_known_args()
    shared = ["--config", a.config, "--device", a.device, "--dtype", a.dtype, "--threads", str(a.threads), *more]
    again = ["--recompute", a.recompute] if a.recompute else []
    pairs, loads = [], []
    for turn in range(a.rounds):
        loads.append(os.getloadavg()[0])
        peer = run("transformers", [sys.executable, os.path.join(HERE, "bench_hf.py"), *shared])
        print(f"round {turn + 1}, transformers: {json.dumps(peer)}", flush=True)
        if a.peer_only:
            continue
        loads.append(os.getloadavg()[0])
        ours = run("glim-bench-model", [a.glim, *shared, *again, "--peak", str(peer["peak_tflops"])])
        print(f"round {turn + 1}, Glim: {json.dumps(ours)}", flush=True)
        for key in ("params", "patches", "image_tokens"):
            if ours.get(key) != peer[key]:
                sys.exit(f"bench-model: not the same model: {key} is {peer[key]} there and {ours.get(key)} here")
        pairs.append((peer, ours))
    if not pairs:
        return
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    peer, ours = pairs[0]
    batches = sorted(set(peer["decode"]) & set(ours["decode"]), key=int)
    text = "\n".join([
        f"`bench/model/run --rounds {a.rounds} {' '.join(shared + again)}`: {now}, {peer['device']}, {peer['engine']} with "
        f"torch {peer['torch']}, load average {min(loads):.1f} to {max(loads):.1f}; {peer['params'] / 1e6:.0f} M parameters, "
        f"prompts of {peer['prefill']['tokens']} tokens, {peer['image_tokens']} of them a picture; medians over runs",
        "", *table(pairs, batches, a.device != "cpu"), ""])
    print(f"\n{text}")
    if a.save:
        save(a.save, text)


main()

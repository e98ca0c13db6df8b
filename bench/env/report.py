"""The tables: what each arm took, and the ratios beside their targets."""

import os
import time
from statistics import median

COLUMNS = [
    ("steps/s", "steps_per_s", "{:.1f}"),
    ("step ms", "step_ms", "{:.1f}"),
    ("reset ms", "reset_ms", "{:.0f}"),
    ("load ms", "load_ms", "{:.0f}"),
    ("CPU ms/step", "cpu_ms_per_step", "{:.0f}"),
    ("PSS MB/episode", "pss_mb_per_episode", "{:.0f}"),
]


def middle(rows, name):
    values = [row[name] for row in rows if row[name] is not None]
    return median(values) if values else None


def cell(text, value):
    return "-" if value is None else text.format(value)


def ratio(pairs, name, inverse=False):
    """Glim over the other arm, pair by pair (the other over Glim if `inverse`)."""
    both = [(glim[name], peer[name]) for glim, peer in pairs if glim[name] and peer[name]]
    return [peer / glim if inverse else glim / peer for glim, peer in both]


def checks(runs, pairs):
    """Each target: its name, the measured values, what they must be."""
    def of(peer, envs, name):
        return ratio(pairs[peer, envs], name)
    def inverse(peer):
        return ratio(pairs[peer, 4], "cpu_ms_per_step", inverse=True)
    faster = "steps/s with resets, Glim over {}, 4 at once"
    return [
        (faster.format("BrowserGym as shipped"), of("BrowserGym as shipped", 4, "steps_per_s"), "at least", 20),
        (faster.format("BrowserGym tuned"), of("BrowserGym tuned", 4, "steps_per_s"), "at least", 15),
        ("step time, Glim over floor with trees, 4 at once", of("floor, trees", 4, "step_ms"), "at most", 1.3),
        ("step time, Glim over floor with trees, 1 alone", of("floor, trees", 1, "step_ms"), "at most", 1.3),
        ("step time, Glim over floor with boxes, 4 at once", of("floor, boxes", 4, "step_ms"), None, None),
        ("step time, Glim over floor with boxes, 1 alone", of("floor, boxes", 1, "step_ms"), None, None),
        ("reset time, Glim over floor, 4 at once", of("floor, boxes", 4, "reset_ms"), "at most", 3),
        ("reset time, Glim over floor, 1 alone", of("floor, boxes", 1, "reset_ms"), "at most", 3),
        ("CPU per step, BrowserGym tuned over Glim, 4 at once", inverse("BrowserGym tuned"), None, None),
        ("CPU per step, BrowserGym as shipped over Glim, 4 at once", inverse("BrowserGym as shipped"), None, None),
        ("CPU per step, Glim over floor with trees, 4 at once", of("floor, trees", 4, "cpu_ms_per_step"), None, None),
        ("PSS per episode of Glim, 4 at once, MB", values(runs, 4), "at most", 60),
        ("PSS per episode of Glim, 16 at once, MB", values(runs, 16), "at most", 35),
    ]


def values(runs, envs):
    return [row["pss_mb_per_episode"] for row in runs["Glim", envs]]


def text(runs, pairs, took_s):
    loads = [row["load"] for rows in runs.values() for row in rows]
    lines = [
        "",
        f"{time.strftime('%Y-%m-%d %H:%M')} UTC, {os.cpu_count()} CPUs, load average {min(loads):.1f} to "
        f"{max(loads):.1f}, {took_s:.0f} s; medians over runs",
        "",
        "| at once | arm | " + " | ".join(title for title, _, _ in COLUMNS) + " |",
        "|" + "---|" * (len(COLUMNS) + 2),
    ]
    for arm, envs in sorted(runs, key=lambda key: key[1]):
        rows = runs[arm, envs]
        cells = " | ".join(cell(form, middle(rows, name)) for _, name, form in COLUMNS)
        lines.append(f"| {envs} | {arm} | {cells} |")
    lines += ["", "| ratio | median of pairs | range | target | |", "|---|---|---|---|---|"]
    for name, measured, bound, target in checks(runs, pairs):
        if not measured:
            continue
        got = median(measured)
        met = "" if target is None else "met" if (got >= target if bound == "at least" else got <= target) else "NOT MET"
        wanted = "" if target is None else f"{bound} {target}"
        lines.append(f"| {name} | {got:.2f} | {min(measured):.2f} to {max(measured):.2f} | {wanted} | {met} |")
    return "\n".join(lines)

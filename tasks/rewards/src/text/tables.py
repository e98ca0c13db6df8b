"""Makes the tables of tables.rs: python3 tables.py > tables.rs && rustfmt tables.rs (Python 3.11, Unicode 14.0)."""

import unicodedata

POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def marks():
    runs = []
    for c in POINTS:
        if unicodedata.category(chr(c)).startswith("M"):
            if runs and runs[-1][1] == c - 1:
                runs[-1][1] = c
            else:
                runs.append([c, c])
    return runs


def rows(items):
    lines, line = [], "   "
    for item in items:
        if len(line) + len(item) + 2 > 120:
            lines.append(line)
            line = "   "
        line += f" {item},"
    return "\n".join([*lines, line])


zeros = [c for c in POINTS if unicodedata.category(chr(c)) == "Nd" and unicodedata.digit(chr(c)) == 0]
runs = marks()
print(f"""//! Tables of Unicode 14.0, the version that the published system ran on, made by `tables.py` beside this file.

/// The zeros of the decimal digits (category Nd): each begins a run of ten digits in order.
pub(super) const ZEROS: [u32; {len(zeros)}] = [
{rows(f"0x{z:04X}" for z in zeros)}
];

/// The combining marks (categories Mn, Mc, Me), first and last of each run.
pub(super) const MARKS: [(u32, u32); {len(runs)}] = [
{rows(f"(0x{a:04X}, 0x{b:04X})" for a, b in runs)}
];""")

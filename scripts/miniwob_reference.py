#!/usr/bin/env python3
"""Plays MiniWoB++ pages the way their own Python package does, and records what the pages say.

The records are what `tests/miniwob_suite.rs` replays through Glim: for equal seed and equal clicks the goal and the
reward must be equal. Nothing of Glim runs here. A page is loaded, seeded and begun with the statements of
`miniwob/selenium_instance.py` (`core.endEpisode(0)`, `Math.seedrandom(SEED)`, `core.setDataMode("train")`,
`core.startEpisodeReal()`, wait for `WOB_TASK_READY`), in the same Chromium, over bare CDP. The only liberties: the
time limit is 1000 s, as in BrowserGym, and `Date` starts at a fixed moment, because some pages show it.

    python3 -m venv venv && venv/bin/pip install websocket-client
    venv/bin/pip download --no-deps miniwob==1.1.0 && unzip -q miniwob-1.1.0-*.whl 'miniwob/html/*'
    venv/bin/python scripts/miniwob_reference.py --pages miniwob/html --out tests/miniwob_golden.json

A record is kept only if playing its clicks again, more slowly and in a fresh page, gives the same; otherwise, and for
pages that live on the wall clock, only the goal is kept (`"goal_only": true`). Pages are served as UTF-8, which is what
Chromium makes of them at the package's own `file:` addresses. With `--browsergym` the seeds are those
of BrowserGym environments, which draw the page's seed with `numpy.random.RandomState(seed).randint(0, 1000000)`.
"""

import argparse
import functools
import http.server
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import websocket

# Sizes of the package's `constants.py`: what an agent sees, and the window around it.
AREA = {"flight": (375, 667), "miniwob": (160, 210)}
WINDOW = {"flight": (600, 800), "miniwob": (500, 320)}
FLAGS = [
    "--headless", "--no-first-run", "--disable-background-networking", "--disable-extensions", "--hide-scrollbars",
    "--force-color-profile=srgb", "--remote-debugging-port=0", "--remote-allow-origins=*",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
# 2026-01-15T10:00:00Z, the moment at which a Glim episode starts.
FIXED_DATE = """(() => {
  const Real = Date, begin = Real.now(), start = 1768471200000;
  const now = () => Real.now() - begin + start;
  globalThis.Date = class Date extends Real {
    constructor(...given) { given.length ? super(...given) : super(now()); }
    static now() { return now(); }
  };
})()"""
# What a person could aim at: the middle of each leaf of the page's own element list, in the task area.
TARGETS = """(() => {
  const found = [];
  const visit = (node) => {
    const x = node.left + node.width / 2, y = node.top + node.height / 2;
    if (!node.children.length) found.push([x, y]);
    node.children.forEach(visit);
  };
  visit(core.getDOMInfo());
  return found;
})()"""
# Pages whose reward hangs on the wall clock: where things are, or what they cost, when the click comes.
CLOCKED = {"button-delay", "chase-circle", "moving-items", "simon-says", "stock-market"}
STATE = "({done: WOB_DONE_GLOBAL, raw: WOB_RAW_REWARD_GLOBAL})"
# Two frames, then until nothing loads or moves, at most 2 s; so the next click hits what the last one has led to.
SETTLED = """(async () => {
  const frame = () => new Promise(done => requestAnimationFrame(done));
  const moves = () => document.getAnimations().length > 0 || (window.jQuery && jQuery.timers.length > 0)
    || [...document.images].some(image => !image.complete);
  const end = performance.now() + 2000;
  do { await frame(); await frame(); } while (moves() && performance.now() < end);
})()"""


class Browser:
    """One Chromium and a synchronous CDP connection to it."""

    def __init__(self, program):
        self.folder = tempfile.mkdtemp(prefix="miniwob-reference-")
        flags = FLAGS + (["--no-sandbox"] if os.geteuid() == 0 else [])
        log = open(f"{self.folder}/log", "wb")
        self.process = subprocess.Popen(
            [program, *flags, f"--user-data-dir={self.folder}/profile", "about:blank"], stdout=log, stderr=log
        )
        self.calls = 0
        self.socket = websocket.create_connection(self._address(), suppress_origin=True, timeout=60)

    def _address(self):
        for _ in range(600):
            found = re.search(r"DevTools listening on (ws://\S+)", pathlib.Path(self.folder, "log").read_text("utf-8"))
            if found:
                return found[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise SystemExit(f"Chromium did not start: {pathlib.Path(self.folder, 'log').read_text('utf-8')[-500:]}")

    def call(self, method, session=None, wait_for=None, **params):
        """The result of a command; with `wait_for`, once that event has come too."""
        self.calls += 1
        message = {"id": self.calls, "method": method, "params": params}
        self.socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        result, waiting = None, wait_for is not None
        while result is None or waiting:
            reply = json.loads(self.socket.recv())
            if reply.get("id") == self.calls:
                if "error" in reply:
                    raise RuntimeError(f"{method}: {reply['error']}")
                result = reply["result"]
            if reply.get("method") == wait_for and reply.get("sessionId") == session:
                waiting = False
            if reply.get("method") == "Page.javascriptDialogOpening":
                self.calls += 1
                accept = {"id": self.calls, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}
                self.socket.send(json.dumps(accept | {"sessionId": reply["sessionId"]}))
                self.calls -= 1
        return result

    def close(self):
        try:
            self.call("Browser.close")
            self.process.wait(5)
        except Exception:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Episode:
    """One fresh page, begun with a seed."""

    def __init__(self, browser, base, task, seed, viewport, pause=0.0):
        flight = task.startswith("flight.")
        path = task.replace(".", "/") + "/wrapper.html" if flight else f"miniwob/{task}.html"
        self.area = AREA["flight" if flight else "miniwob"]
        window = WINDOW["flight" if flight else "miniwob"]
        self.browser, self.pause = browser, pause
        self.context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=self.context)["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Page.enable")
        self._call("Page.addScriptToEvaluateOnNewDocument", source=FIXED_DATE)
        width, height = viewport or window
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        self._call("Page.navigate", url=f"{base}/{path}", wait_for="Page.loadEventFired")
        self.begin(seed)

    def begin(self, seed):
        """The reset of the package, which starts again in the same page."""
        self.evaluate("core.endEpisode(0)")
        self.evaluate("core.EPISODE_MAX_TIME = 1000000")
        self.evaluate(f"Math.seedrandom({seed!r})")
        self.evaluate('core.setDataMode("train")')
        self.evaluate("core.startEpisodeReal()")
        for _ in range(200):
            if self.evaluate("WOB_TASK_READY"):
                break
            time.sleep(0.05)
        else:
            raise RuntimeError("the task does not become ready")
        goal = self.evaluate("core.getUtterance()")
        self.goal = goal["utterance"] if isinstance(goal, dict) else goal
        self._call("Runtime.evaluate", expression=SETTLED, awaitPromise=True)

    def _call(self, method, **params):
        return self.browser.call(method, session=self.session, **params)

    def evaluate(self, expression):
        reply = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in reply:
            raise RuntimeError(f"{expression}: {reply['exceptionDetails']['exception'].get('description')}")
        return reply["result"].get("value")

    def click(self, x, y):
        mouse = functools.partial(self._call, "Input.dispatchMouseEvent", x=x, y=y)
        mouse(type="mouseMoved")
        mouse(type="mousePressed", button="left", buttons=1, clickCount=1)
        mouse(type="mouseReleased", button="left", clickCount=1)
        self._call("Runtime.evaluate", expression=SETTLED, awaitPromise=True)
        time.sleep(self.pause)
        return self.evaluate(STATE)

    def close(self):
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)


def play(browser, base, task, seed, viewport, clicks=None, chooser=None, count=0, pause=0.0):
    """Goal, clicks and the state after each: of given clicks, or of `count` chosen ones. Ends with the episode."""
    episode = Episode(browser, base, task, seed, viewport, pause)
    try:
        played, states = [], []
        while len(played) < (len(clicks) if chooser is None else count):
            at = clicks[len(played)] if chooser is None else chooser(episode)
            played.append(at)
            states.append(episode.click(*at))
            if states[-1]["done"]:
                break
        return {"task": task, "seed": seed, "goal": episode.goal, "clicks": played, "states": states}
    finally:
        episode.close()


def random_clicks(generator):
    """Chooses among the page's elements, and now and then any point of the task area."""

    def choose(episode):
        width, height = episode.area
        inside = [p for p in episode.evaluate(TARGETS) if 0 < p[0] < width and 50 < p[1] < height]
        if inside and generator.random() < 0.85:
            x, y = generator.choice(inside)
        else:
            x, y = generator.uniform(1, width - 1), generator.uniform(51, height - 1)
        return [int(x), int(y)]

    return choose


def record(browser, base, task, seed, options):
    """The most telling of several random episodes: a full reward before a partial, a finished one before an open one."""
    best, rank = None, (-1.0,)
    for attempt in range(options.tries):
        generator = random.Random(f"{task} {seed} {attempt}")
        got = play(browser, base, task, seed, options.viewport, chooser=random_clicks(generator), count=options.clicks)
        last = got["states"][-1]
        got_rank = (1.0 + last["raw"] if last["done"] and last["raw"] > 0 else 0.5 if last["done"] else 0.0,)
        if got_rank > rank:
            best, rank = got, got_rank
        if rank[0] >= 2.0:
            break
    again = play(browser, base, task, seed, options.viewport, clicks=best["clicks"], pause=0.3)
    if again["goal"] != best["goal"]:
        raise RuntimeError(f"{task} seed {seed}: the goal is not a function of the seed")
    if again["states"] != best["states"] or task in CLOCKED:
        return {"task": task, "seed": seed, "goal": best["goal"], "goal_only": True}
    return best


def tasks_in(pages):
    """Every page that can be started: the task pages, and the wrapped flight sites."""
    flights = sorted(path.parent.name for path in pages.glob("flight/*/wrapper.html"))
    return sorted(path.stem for path in pages.glob("miniwob/*.html")) + [f"flight.{name}" for name in flights]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def guess_type(self, path):
        kind = super().guess_type(path)
        return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind

    def log_message(self, *_):
        pass


def serve(pages):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(pages)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def browsergym_seeds(seeds):
    import numpy

    return [int(numpy.random.RandomState(seed).randint(0, 1000000)) for seed in seeds]


def chromium():
    names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
    found = os.environ.get("GLIM_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    return found or sys.exit("no Chromium found; install `chromium-headless-shell` or set GLIM_CHROMIUM")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=pathlib.Path, required=True, help="the package's folder `html`")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--tasks", help="comma-separated; all if absent")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--clicks", type=int, default=5, help="most clicks in an episode")
    parser.add_argument("--tries", type=int, default=6, help="random episodes to choose the record from")
    parser.add_argument("--viewport", type=lambda text: tuple(map(int, text.split("x"))), help="WxH; the window of the package")
    parser.add_argument("--replay", type=pathlib.Path, help="play the clicks of this file instead of random ones")
    parser.add_argument("--browsergym", action="store_true", help="seeds are those of BrowserGym environments")
    options = parser.parse_args()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    seeds = browsergym_seeds(seeds) if options.browsergym else seeds
    tasks = options.tasks.split(",") if options.tasks else tasks_in(options.pages)
    base, browser, records = serve(options.pages), Browser(chromium()), []
    try:
        if options.replay:
            for old in json.loads(options.replay.read_text("utf-8"))["records"]:
                if old["task"] in tasks:
                    new = play(browser, base, old["task"], old["seed"], options.viewport, clicks=old.get("clicks", []))
                    same = {key: new[key] == old[key] for key in ("goal", "states") if key in old}
                    print(old["task"], old["seed"], "equal" if all(same.values()) else f"DIFFERS {new} {old}")
                    records.append(new)
        else:
            for task in tasks:
                for seed in seeds:
                    records.append(record(browser, base, task, seed, options))
                    got = records[-1]
                    print(task, seed, "goal only" if "goal_only" in got else got["states"][-1], flush=True)
    finally:
        browser.close()
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in records)
    options.out.write_text(f'{{"package":"miniwob 1.1.0","records":[\n{lines}\n]}}\n', "utf-8")


if __name__ == "__main__":
    main()

"""The floor: what the same episodes cost as bare DevTools commands, all of them pages of one Chromium.

usage: floor_arm.py WORK.json boxes|trees MINIWOB_URL
A reset runs `core.startEpisodeReal()` in the loaded page. A step is press, release, a frame, one script that reads the
reward and all boxes, and a frame with a picture (`HeadlessExperimental.beginFrame`, as Glim does). With `trees` the
elements come from `DOMSnapshot.captureSnapshot` and `Accessibility.getFullAXTree`, as in BrowserGym. Nothing waits for
the page to settle, nothing is hit-tested, fenced or checked: no environment can do less.
"""

import base64
import collections
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import arm
import websocket

WIDTH, HEIGHT = 500, 320
PICTURE = {"format": "png", "optimizeForSpeed": True}
BOXES = """(() => {
  const boxes = [];
  for (const e of document.querySelectorAll('*')) {
    const r = e.getBoundingClientRect();
    if (r.width > 0 && r.height > 0)
      boxes.push([e.tagName, e.id, r.x, r.y, r.width, r.height,
                  e.children.length ? '' : (e.textContent || e.value || '').slice(0, 60)]);
  }
  return [WOB_REWARD_GLOBAL, WOB_RAW_REWARD_GLOBAL, WOB_DONE_GLOBAL, core.getUtterance(), boxes];
})()"""
LOADED = "document.readyState == 'complete' && typeof core != 'undefined' && !!core.cover_div"


class Chromium:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="glim-floor-")
        log = open(self.profile + "/log", "wb")
        command = [os.environ["FLOOR_CHROMIUM"], "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync",
                   "--disable-extensions", "--mute-audio", "--password-store=basic", "--use-mock-keychain",
                   "--force-color-profile=srgb", "--hide-scrollbars", "--remote-debugging-port=0",
                   "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--enable-begin-frame-control",
                   "--run-all-compositor-stages-before-draw", "--disable-new-content-rendering-timeout",
                   "--disable-threaded-animation", "--disable-threaded-scrolling", "--disable-checker-imaging",
                   f"--user-data-dir={self.profile}", "about:blank"]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.time() + 30
        while not (found := re.search(rb"listening on (ws://\S+)", open(self.profile + "/log", "rb").read())):
            if time.time() > deadline or self.process.poll() is not None:
                sys.exit("the Chromium of the floor did not start")
            time.sleep(0.01)
        self.socket = websocket.create_connection(found.group(1).decode(), suppress_origin=True, timeout=60,
                                                  skip_utf8_validation=True)
        self.last = 0

    def send(self, method, params=None, session=None):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        self.socket.send(json.dumps(message))
        return self.last

    def answer(self):
        """The next answer to a command, as (id, result)."""
        while True:
            message = json.loads(self.socket.recv())
            if "error" in message:
                raise RuntimeError(message["error"])
            if "id" in message:
                return message["id"], message["result"]

    def call(self, *command):
        sent = self.send(*command)
        while True:
            id, result = self.answer()
            if id == sent:
                return result

    def page(self):
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = {"url": "about:blank", "browserContextId": context, "enableBeginFrameControl": True, "width": WIDTH,
                  "height": HEIGHT}
        target = self.call("Target.createTarget", target)["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        screen = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", screen, session)
        return session

    def close(self):
        self.socket.close()
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


def frame(picture=None):
    params = {"interval": 16.67}
    if picture:
        params["screenshot"] = picture
    return "HeadlessExperimental.beginFrame", params


def evaluate(expression):
    return "Runtime.evaluate", {"expression": expression, "returnByValue": True}


def observe(trees, timing=None):
    """Reads elements, then the picture of the same moment."""
    boxes = (yield evaluate(BOXES))["result"]["value"][4]
    if trees:
        yield "DOMSnapshot.captureSnapshot", {"computedStyles": [], "includeDOMRects": True, "includePaintOrder": True}
        nodes = (yield "Accessibility.getFullAXTree", {})["nodes"]
    # The first frames of a new document may come without a picture; seldom, none ever has one.
    for _ in range(1000):
        if encoded := (yield frame(PICTURE)).get("screenshotData"):
            break
    else:
        raise RuntimeError("Chromium draws frames without a picture")
    picture = base64.b64decode(encoded)
    if timing:
        timing.picture_bytes.append(len(picture))
        timing.elements.append(len(nodes) if trees else len(boxes))


def play(episodes, url, trees, timing):
    """The commands of one environment, each yielded to be sent, its result sent back in."""
    for part in episodes:
        for nth, seed in enumerate(part["seeds"]):
            begun = time.perf_counter()
            if nth == 0:
                yield "Page.navigate", {"url": f"{url}{part['task']}.html"}
                while True:
                    yield frame()
                    if (yield evaluate(LOADED))["result"].get("value"):
                        break
            yield evaluate(f"Math.seedrandom({seed}); core.EPISODE_MAX_TIME = 1e6; core.startEpisodeReal(); 1")
            yield from observe(trees)
            (timing.reset_ms if nth else timing.load_ms).append(arm.ms(begun))
            for x, y in part["clicks"]:
                begun = time.perf_counter()
                for kind in ("mousePressed", "mouseReleased"):
                    yield "Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
                yield frame()
                yield from observe(trees, timing)
                timing.step_ms.append(arm.ms(begun))


def run(chromium, plays):
    """Plays on all pages at once: commands overlap, frames do not, since Chromium dies of two frames at a time."""
    waiting, frames, drawing = {}, collections.deque(), None

    def issue(session, program, command):
        nonlocal drawing
        if command[0] != "HeadlessExperimental.beginFrame":
            waiting[chromium.send(*command, session)] = (session, program)
        elif drawing is None:
            drawing = chromium.send(*command, session)
            waiting[drawing] = (session, program)
        else:
            frames.append((session, program, command))

    for session, program in plays:
        issue(session, program, next(program))
    while waiting:
        id, result = chromium.answer()
        session, program = waiting.pop(id)
        if id == drawing:
            drawing = None
            if frames:
                issue(*frames.popleft())
        try:
            issue(session, program, program.send(result))
        except StopIteration:
            pass


def main():
    envs, trees, url = arm.work()["envs"], sys.argv[2] == "trees", sys.argv[3]
    chromium = Chromium()
    try:
        sessions = [chromium.page() for _ in envs]
        warm = [{"task": envs[0][0]["task"], "seeds": [0], "clicks": []}]
        run(chromium, [(sessions[0], play(warm, url, trees, arm.Timing()))])
        timing = arm.Timing()
        arm.say(f"ready {chromium.process.pid}")
        arm.hear("go")
        begun = time.perf_counter()
        run(chromium, [(session, play(part, url, trees, timing)) for session, part in zip(sessions, envs)])
        arm.say_result(timing, time.perf_counter() - begun)
        arm.hear("end")
    finally:
        chromium.close()


if __name__ == "__main__":
    main()

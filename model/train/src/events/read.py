"""Prints what TensorBoard itself reads in a folder of event files: one JSON object.

`python3 read.py files FOLDER` reads with EventAccumulator, `python3 read.py server FOLDER` starts the server on loopback
and asks its HTTP API.
"""

import base64
import json
import sys
import time
import urllib.parse
import urllib.request


def files(folder):
    from tensorboard.backend.event_processing import event_accumulator

    accumulator = event_accumulator.EventAccumulator(folder, size_guidance={"scalars": 0, "tensors": 0, "images": 0})
    accumulator.Reload()
    tags = accumulator.Tags()
    return {
        "scalars": {tag: [[e.step, e.wall_time, str(e.value)] for e in accumulator.Scalars(tag)] for tag in tags["scalars"]},
        "texts": {
            tag: [[e.step, e.tensor_proto.string_val[0].decode()] for e in accumulator.Tensors(tag)]
            for tag in tags["tensors"]
        },
        "pictures": {
            tag: [[e.step, e.width, e.height, base64.b64encode(e.encoded_image_string).decode()] for e in accumulator.Images(tag)]
            for tag in tags["images"]
        },
    }


def server(folder):
    from tensorboard import program

    board = program.TensorBoard()
    board.configure(logdir=folder, host="127.0.0.1", port=0, load_fast="false")
    url = board.launch()

    def get(path, **query):
        return fetch(f"{path}?{urllib.parse.urlencode(query)}")

    def fetch(path):
        with urllib.request.urlopen(f"{url}data/plugin/{path}", timeout=20) as answer:
            return answer.read()

    deadline = time.monotonic() + 60
    while not (tags := json.loads(get("scalars/tags"))) or not json.loads(get("text/tags")):
        if time.monotonic() > deadline:
            raise TimeoutError("the server did not read the files within 60 s")
        time.sleep(0.1)
    run = next(iter(tags))
    pictures = json.loads(get("images/tags"))[run]
    picture = json.loads(get("images/images", run=run, tag=next(iter(pictures)), sample=0))[0]
    shown = fetch(f"images/individualImage?{picture['query']}")
    return {
        "scalars": {tag: json.loads(get("scalars/scalars", run=run, tag=tag)) for tag in sorted(tags[run])},
        "texts": {tag: json.loads(get("text/text", run=run, tag=tag)) for tag in json.loads(get("text/tags"))[run]},
        "picture": base64.b64encode(shown).decode(),
    }


if __name__ == "__main__":
    print(json.dumps({"files": files, "server": server}[sys.argv[1]](sys.argv[2])))

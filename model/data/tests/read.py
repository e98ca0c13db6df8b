"""Reads what Glim wrote with the libraries that others read it with, and prints one JSON value a line."""

import hashlib
import io
import json
import os
import sys
from pathlib import Path

from PIL import Image


def say(value):
    print(json.dumps(value))


def picture(image, data=None):
    """What the tests compare of a picture."""
    if data is None:
        data = image["bytes"]
        image = Image.open(io.BytesIO(data))
    return {
        "size": list(image.size),
        "color": list(image.convert("RGB").getpixel((0, 0))),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def say_row(row, image):
    say({**row, "image": image})


def datasets(path, streaming=False):
    import datasets

    loaded = datasets.load_dataset(str(path), streaming=streaming)
    say({"splits": sorted(loaded), "image": type(loaded["train"].features["image"]).__name__})
    for split in loaded.values():
        # Decoded as a picture, and once more as the bytes that it was decoded from.
        raw = split.cast_column("image", datasets.Image(decode=False))
        for row, source in zip(split, raw, strict=True):
            say_row(row, picture(row["image"], source["image"]["bytes"]))


def datasets_streaming(path):
    datasets(path, streaming=True)


def pyarrow(path):
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(path)
    schema = file.schema_arrow
    box = schema.field("elements").type.value_type.field("box_px").type
    say({"row_groups": file.num_row_groups, "image": str(schema.field("image").type), "box_px": str(box)})
    rows = file.read().to_pylist()
    assert file.read_row_group(0).to_pylist() == rows[: file.metadata.row_group(0).num_rows]
    for row in rows:
        say_row(row, picture(row["image"]))


def webdataset(path):
    import webdataset

    for sample in webdataset.WebDataset(str(path), shardshuffle=False):
        assert set(sample) >= {"__key__", "png", "json"}, sorted(sample)
        row = json.loads(sample["json"])
        assert row["screen_id"] == sample["__key__"]
        say_row(row, picture({"bytes": sample["png"]}))
    decoded = next(iter(webdataset.WebDataset(str(path), shardshuffle=False).decode("pil")))
    assert decoded["png"].size == (200, 120) and decoded["json"]["elements"][0]["role"] == "link"


def messages(path):
    import datasets

    for row in datasets.load_dataset("json", data_files=str(path), split="train"):
        (image,) = row["images"]
        text = "".join(message["content"] for message in row["messages"])
        assert text.count("<image>") == 1, text
        say({
            "size": list(Image.open(Path(path).parent / image).size),
            "roles": [message["role"] for message in row["messages"]],
            "boxes": len((row.get("objects") or {}).get("bbox") or []),
            "marks": text.count("<bbox>"),
        })


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]))
    # Threads that read ahead for a stream may outlive the interpreter, which then aborts; all is said by now.
    sys.stdout.flush()
    os._exit(0)

"""Makes the golden files of this folder from the reference: transformers 5.17, torchvision and tokenizers.

    python make_golden.py [time]

The files of preprocess/ are the smaller ones of the parity fixtures, which this script does not make again.
"""

import base64
import io
import json
import os
import sys
import zlib
import struct

import numpy as np
import torch
from PIL import Image
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torchvision.transforms.v2 import InterpolationMode, functional
from transformers import AutoProcessor, AutoTokenizer
from transformers.models.glm4v.image_processing_glm4v import Glm4vImageProcessor
from transformers.models.glm4v.processing_glm4v import Glm4vProcessor
from transformers.models.glm4v.video_processing_glm4v import Glm4vVideoProcessor
from transformers.models.glm46v.processing_glm46v import Glm46VProcessor
from transformers.models.glm46v.video_processing_glm46v import Glm46VVideoProcessor
from transformers.utils.chat_template_utils import render_jinja_template
from transformers.video_utils import VideoMetadata

HERE = os.path.dirname(os.path.abspath(__file__))
os.chdir(HERE)


def write(name, value):
    with open(name, "w") as file:
        json.dump(value, file, ensure_ascii=False, indent=None, separators=(",", ":"))
        file.write("\n")


def picture(width, height, seed):
    """The same pixels as `picture` in the tests: a gradient with noise from a linear congruential generator."""
    state, out = seed, bytearray()
    for at in range(width * height * 3):
        state = (state * 1664525 + 1013904223) % 2**32
        column, channel = at // 3 % width, at % 3
        out.append((column * 255 // max(width - 1, 1) + (state >> 24) * (1 + channel) // 4) % 256)
    return np.frombuffer(bytes(out), np.uint8).reshape(height, width, 3).copy()


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


# ---- resampling: a hash of every byte
rows = []
for width, height, to_width, to_height in [
    (50, 40, 112, 84), (200, 150, 84, 56), (193, 109, 196, 112), (64, 64, 64, 28), (64, 64, 28, 64), (1, 1, 84, 84),
    (333, 127, 336, 126), (28, 500, 28, 504), (640, 360, 280, 168), (97, 61, 448, 280), (400, 300, 28, 28), (3, 200, 28, 196),
]:
    source = torch.from_numpy(picture(width, height, width * 7 + height)).permute(2, 0, 1)
    out = functional.resize(source, [to_height, to_width], interpolation=InterpolationMode.BICUBIC, antialias=True)
    rows.append([width, height, to_width, to_height, fnv(out.permute(1, 2, 0).contiguous().numpy().tobytes())])
write("resample.json", rows)

# ---- frames chosen
rows = []
for total, fps, duration in [
    (1, 24, None), (10, 24, None), (48, 24, None), (100, 30, None), (301, 29.97, None), (899, 30, None), (901, 30, None),
    (1200, 10, None), (9000, 25, None), (9000, 25, 301.0), (20000, 30, None), (700, 2, None), (5000, 2, None), (3, 1, None),
    (60, 60, 1.0), (125, 12.5, 10.0), (240, 23.976, 10.01), (80000, 30, None), (7, 0.5, None), (31, 1, 31.0), (2, 24, 0.5),
]:
    for rules, processor in [("glm4v", Glm4vVideoProcessor()), ("glm46v", Glm46VVideoProcessor())]:
        metadata = VideoMetadata(total_num_frames=total, fps=fps, duration=duration)
        indices = processor.sample_frames(metadata).tolist()
        rows.append(dict(rules=rules, total=total, fps=fps, duration=duration, count=len(indices), first=indices[:8],
                         hash=fnv(b"".join(struct.pack("<I", index) for index in indices))))
write("sampling.json", rows)

# ---- decoding: files of every kind, and their bytes as Pillow converts them to RGB


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, kind, raw, extra=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


noise = picture(13, 9, 5)
smooth = np.stack([np.add.outer(np.arange(24) * a, np.arange(32) * b) % 256 for a, b in ((3, 2), (2, 5), (1, 7))], -1).astype(np.uint8)
smooth = (smooth // 4 + 90).astype(np.uint8)
rgba = np.dstack([noise, picture(13, 9, 6)[..., 0]])
values = b"".join(struct.pack(">H", v) for v in (0, 127, 255, 256, 384, 0x12FF, 0x1280, 0x80FF, 0xFFFE))
exif = Image.Exif()
exif[0x0112] = 6
files = {
    "rgb.png": saved(Image.fromarray(noise), "PNG"),
    "rgba.png": saved(Image.fromarray(rgba), "PNG"),
    "grey.png": saved(Image.fromarray(noise[..., 0]), "PNG"),
    "grey_alpha.png": saved(Image.fromarray(rgba[..., 2:]), "PNG"),
    "palette.png": saved(Image.fromarray(noise).quantize(7), "PNG"),
    "palette_transparent.png": png(3, 1, 8, 3, b"\0\0\1\2", chunk(b"PLTE", bytes(range(1, 10))) + chunk(b"tRNS", b"\0\x80")),
    "one_bit.png": png(8, 1, 1, 0, b"\0\xb1"),
    "two_bits.png": png(4, 1, 2, 0, b"\0\x1b"),
    "four_bits.png": png(4, 1, 4, 0, b"\0\x01\x7f"),
    "grey_transparent.png": png(3, 1, 8, 0, b"\0\0\5\t", chunk(b"tRNS", b"\0\5")),
    "rgb16.png": png(3, 1, 16, 2, b"\0" + values),
    "rotated_by_exif.png": saved(Image.fromarray(noise), "PNG", exif=exif),
    "one_pixel.png": saved(Image.fromarray(noise[:1, :1]), "PNG"),
    "lossless.webp": saved(Image.fromarray(noise), "WEBP", lossless=True, exact=True),
    "still.gif": saved(Image.fromarray(noise).quantize(16), "GIF"),
    "full_colour.jpg": saved(Image.fromarray(smooth), "JPEG", quality=95, subsampling=0),
    "half_colour.jpg": saved(Image.fromarray(smooth), "JPEG", quality=95, subsampling=2),
    "grey.jpg": saved(Image.fromarray(smooth[..., 0]), "JPEG", quality=90),
    "lossy.webp": saved(Image.fromarray(smooth), "WEBP", quality=90),
}
rows = []
for name, data in files.items():
    image = Image.open(io.BytesIO(data)).convert("RGB")
    rows.append(dict(name=name, width=image.width, height=image.height, file=base64.b64encode(data).decode(),
                     rgb=base64.b64encode(image.tobytes()).decode()))
write("decode.json", rows)

# ---- a tokenizer, trained by the tokenizers library; ours is equal to the byte
SPECIAL = """<|endoftext|> [MASK] [gMASK] [sMASK] <sop> <eop> <|system|> <|user|> <|assistant|> <|observation|> <|begin_of_image|>
<|end_of_image|> <|begin_of_video|> <|end_of_video|> <|image|> <|video|>""".split()
PLAIN = """<think> </think> <answer> </answer> <|begin_of_box|> <|end_of_box|> /nothink <tool_call> </tool_call> <tool_response>
</tool_response> <arg_key> </arg_key> <arg_value> </arg_value>""".split()
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
    pre_tokenizers.Split(Regex(WORDS), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)])
tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
trainer = trainers.BpeTrainer(vocab_size=700 - len(SPECIAL) - len(PLAIN), min_frequency=2, show_progress=False,
                              initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
tokenizer.train_from_iterator([open("corpus.txt").read()], trainer)
tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
tokenizer.add_tokens([AddedToken(t, special=t in SPECIAL, normalized=False) for t in SPECIAL + PLAIN])
os.makedirs("tokenizer", exist_ok=True)
open("tokenizer/tokenizer.json", "w").write(tokenizer.to_str(pretty=False))
ends = [tokenizer.token_to_id(t) for t in ("<|endoftext|>", "<|user|>", "<|observation|>")]
open("tokenizer/tokenizer_config.json", "w").write(json.dumps({
    "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>",
    "clean_up_tokenization_spaces": False, "model_input_names": ["input_ids", "attention_mask"]}, indent=2) + "\n")
open("tokenizer/generation_config.json", "w").write(json.dumps({"eos_token_id": ends, "pad_token_id": ends[0]}, indent=2) + "\n")
default = open("../../src/template/default.jinja").read()
open("tokenizer/chat_template.jinja", "w").write(default)

# the settings that our processor saves beside it, here of GLM-4.6V with small pictures; the reference must open the folder
small = {"shortest_edge": 28 * 28 * 8, "longest_edge": 28 * 28 * 60}
settings = {"do_resize": True, "size": small, "resample": 3, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
            "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
            "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2}
sampling = {"fps": 2.0, "max_duration": 300.0, "do_sample_frames": True}
for name, kind, more in (("preprocessor_config", "image_processor_type", {}), ("video_preprocessor_config", "video_processor_type", sampling)):
    named = {kind: "Glm46V" + ("ImageProcessor" if kind[0] == "i" else "VideoProcessor"), "processor_class": "Glm46VProcessor"}
    open(f"tokenizer/{name}.json", "w").write(json.dumps(settings | more | named, indent=2) + "\n")
opened = AutoProcessor.from_pretrained("tokenizer")
assert type(opened) is Glm46VProcessor and type(opened.video_processor) is Glm46VVideoProcessor, type(opened)
assert opened.image_processor.size["longest_edge"] == small["longest_edge"] == opened.video_processor.size["longest_edge"]
assert "<|begin_of_image|>" in opened.chat_template

tokenizer = AutoTokenizer.from_pretrained("tokenizer")
texts = [
    "", " ", "Click the red button.", "  two  spaces\n\n\nand lines\t\ttabs ", "Don't, I'VE 12345678 $1,299.00", "点击这个按钮，然后等待", "🦀 é e\u0301 \u200d \ufdd0",
    "<|user|>\nWhat is it?<|assistant|>\n<think>a</think><answer><|begin_of_box|>[[1,2]]<|end_of_box|></answer>",
    "[gMASK]<sop><|begin_of_image|><|image|><|image|><|end_of_image|>/nothink", "<|use r|> <| user|>", "def f(x):\n    return x\r\n", "ﬁ Å \u0000 \x7f",
]
write("ids.json", [dict(text=text, ids=tokenizer(text)["input_ids"], plain=tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True,
      clean_up_tokenization_spaces=False)) for text in texts])

# ---- templates
image, video = {"type": "image"}, {"type": "video"}
tools = [
    {"type": "function", "function": {"name": "click", "description": " Clicks at a point – once. ", "parameters": {"type": "object", "properties": {
        "x": {"type": "integer", "minimum": 0}, "y": {"type": "integer", "maximum": 999.5}}, "required": ["x", "y"]}}},
    {"type": "function", "function": {"name": "finish", "description": "", "parameters": {"type": "object", "properties": {}}}},
]
call = {"role": "assistant", "content": "<think>\nI need it.\n</think>\nLooking.", "tool_calls": [
    {"type": "function", "function": {"name": "click", "arguments": {"x": 1, "y": 2.5, "why": "a \"b\" é", "list": [1, {"k": None}], "on": True}}}]}
talks = {
    "words": dict(messages=[{"role": "user", "content": "Hi there"}]),
    "system": dict(messages=[{"role": "system", "content": "Be\tbrief."}, {"role": "user", "content": "Hi <b>&"}], add_generation_prompt=False),
    "one_image": dict(messages=[{"role": "user", "content": [image, {"type": "text", "text": "What is it?"}]}]),
    "images_and_turns": dict(messages=[
        {"role": "system", "content": [{"type": "text", "text": "You see."}]},
        {"role": "user", "content": [image, {"type": "text", "text": "and"}, image, {"type": "text", "text": "differ?\n"}]},
        {"role": "assistant", "content": "<think>They do.</think><answer>Yes</answer>"},
        {"role": "user", "content": [{"type": "text", "text": "And this? "}, image]}]),
    "video": dict(messages=[{"role": "user", "content": [video, {"type": "text", "text": "What happens?"}]}]),
    "tools": dict(messages=[{"role": "user", "content": "Click it"}, call, {"role": "tool", "content": "done"}, {"role": "tool", "content": "done twice"}], tools=tools),
    "no_thinking": dict(messages=[{"role": "user", "content": [{"type": "text", "text": "a"}, image]}], variables={"enable_thinking": False}),
    "expressions": dict(messages=[{"role": "system", "content": "s", "name": "n"}, {"role": "user", "content": "u"}, {"role": "assistant", "content": "", "reasoning_content": " r "}],
                        variables={"show": {"k": 1}}),
}
rows = []
for file in ("../../src/template/default.jinja", "templates/features.jinja"):
    source = open(file).read()
    for name, talk in talks.items():
        rendered, _ = render_jinja_template([talk["messages"]], tools=talk.get("tools"), chat_template=source,
                                            add_generation_prompt=talk.get("add_generation_prompt", True), **talk.get("variables", {}))
        rows.append(dict(template=os.path.basename(file), name=name, rendered=rendered[0], **talk))
write("templates.json", rows)

# ---- the whole processor: ids and grids of conversations with pictures and videos
rows = []
frames = np.stack([picture(60, 40, seed) for seed in range(30)])
for name, processor_class, video_class in (("glm4v", Glm4vProcessor, Glm4vVideoProcessor), ("glm46v", Glm46VProcessor, Glm46VVideoProcessor)):
    processor = processor_class(image_processor=Glm4vImageProcessor(size=small), tokenizer=tokenizer,
                                video_processor=video_class(size=small), chat_template=default)
    pictures = [picture(64, 48, 1), picture(150, 30, 2)]
    talk = [{"role": "user", "content": [image, {"type": "text", "text": "or "}, image, {"type": "text", "text": "?"}]}]
    text = processor.apply_chat_template(talk, add_generation_prompt=True, tokenize=False)
    out = processor(text=[text], images=[Image.fromarray(p) for p in pictures], return_tensors="pt")
    rows.append(dict(family=name, kind="images", pictures=[[64, 48, 1], [150, 30, 2]], text=text, ids=out["input_ids"][0].tolist(),
                     grids=out["image_grid_thw"].tolist()))
    for count, fps in ((30, 10.0), (5, 2.0), (7, 0.8)):
        talk = [{"role": "user", "content": [video, {"type": "text", "text": "12 what?"}]}]
        text = processor.apply_chat_template(talk, add_generation_prompt=True, tokenize=False)
        out = processor(text=[text], videos=[torch.from_numpy(frames[:count]).permute(0, 3, 1, 2)], return_tensors="pt",
                        video_metadata=[VideoMetadata(total_num_frames=count, fps=fps, duration=count / fps)])
        values = out["pixel_values_videos"]
        rows.append(dict(family=name, kind="video", count=count, fps=fps, text=text, ids=out["input_ids"][0].tolist(),
                         grids=out["video_grid_thw"].tolist(), sum=float(values.double().sum()), last=float(values[-1, -1])))
write("processor.json", rows)

# ---- on request: how long torchvision takes, on one thread
if len(sys.argv) > 1:
    import time
    source = torch.from_numpy(picture(192, 108, 1)).permute(2, 0, 1).repeat(1, 10, 10).contiguous()
    torch.set_num_threads(1)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        functional.resize(source, [1092, 1932], interpolation=InterpolationMode.BICUBIC, antialias=True)
        times.append(time.perf_counter() - start)
    print("torchvision, 1920x1080 to 1932x1092, best of twenty, ms:", round(1000 * min(times), 1))

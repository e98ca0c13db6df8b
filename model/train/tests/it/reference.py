"""Prints what transformers makes of a checkpoint, a picture and words, as JSON: {"ids": [..], "logits": [[..], ..]}.

usage: reference.py CHECKPOINT PICTURE WORDS
"""
import json
import sys

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

checkpoint, picture, words = sys.argv[1:]
processor = AutoProcessor.from_pretrained(checkpoint)
model = AutoModelForImageTextToText.from_pretrained(checkpoint, dtype=torch.float32).eval()
content = [{"type": "image", "image": Image.open(picture)}, {"type": "text", "text": words}]
inputs = processor.apply_chat_template([{"role": "user", "content": content}], tokenize=True, add_generation_prompt=True,
                                       return_dict=True, return_tensors="pt")
with torch.no_grad():
    logits = model(**inputs).logits[0]
print(json.dumps({"ids": inputs["input_ids"][0].tolist(), "logits": logits.tolist()}))

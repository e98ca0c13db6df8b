#!/usr/bin/env python3
"""The peer: Glm4vForConditionalGeneration of transformers with random weights; prints one line of JSON (see README.md).

Operations counted: two for each weight of a matrix product and token, attention by its length (half where causal), the
way back twice the way there; what is computed again for checkpointing is not counted.
"""
import argparse
import json
import os
import time

import torch
import transformers
from transformers import Glm4vConfig, Glm4vForConditionalGeneration

# Of the tower: depth, width, heads. Of the decoder: layers, width, heads, key-value heads, feed-forward, vocabulary.
# Last the feed-forward of the merger.
SHAPES = {
    "tiny": (3, 64, 4, 3, 128, 4, 2, 256, 512, 256),
    "100m": (12, 384, 6, 12, 512, 8, 2, 1536, 32768, 1536),
    "500m": (16, 768, 12, 24, 1024, 16, 2, 3072, 65536, 3072),
    "1b": (24, 1024, 16, 24, 1536, 12, 2, 4608, 151552, 4608),
    "9b": (24, 1536, 12, 40, 4096, 32, 2, 13696, 151552, 13696),
}
# TFLOP/s of an H100 or H200, dense.
PEAK = {"bf16": 989.5, "fp32": 67.0}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", default="100m", choices=SHAPES)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--image", type=int, nargs=2, default=[336, 336], help="height and width")
    parser.add_argument("--text", type=int, default=64, help="tokens of text beside the picture")
    parser.add_argument("--new", type=int, default=32, help="tokens decoded")
    parser.add_argument("--decode-bs", type=int, nargs="*", default=[1, 8])
    parser.add_argument("--train-bs", type=int, default=2)
    parser.add_argument("--train-text", type=int, default=128)
    parser.add_argument("--steps", type=int, default=3, help="training steps timed")
    parser.add_argument("--ckpt", action="store_true", help="activation checkpointing")
    parser.add_argument("--no-train", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--peak", type=float, default=0, help="TFLOP/s that mfu is a share of; 0: known or measured")
    parser.add_argument("--cputime", action="store_true", help="the processor's time over threads, for busy machines")
    parser.add_argument("--attn", default="sdpa")
    parser.add_argument("--compile", action="store_true", help="torch.compile the training step")
    return parser.parse_args()


class Bench:
    def __init__(self, a):
        self.a = a
        self.device = torch.device(a.device)
        self.dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[a.dtype]
        if a.threads:
            torch.set_num_threads(a.threads)
        (self.depth, self.vision_width, heads, self.layers, self.width, text_heads, kv_heads, feed, self.vocab,
         merger) = SHAPES[a.config]
        pairs = self.width // text_heads // 4
        time_part = pairs // 4
        section = [time_part, (pairs - time_part) // 2, pairs - time_part - (pairs - time_part) // 2]
        self.image_token = self.vocab - 9
        config = Glm4vConfig(
            text_config=dict(
                vocab_size=self.vocab, hidden_size=self.width, intermediate_size=feed, num_hidden_layers=self.layers,
                num_attention_heads=text_heads, num_key_value_heads=kv_heads, max_position_embeddings=65536,
                pad_token_id=0, rope_parameters=dict(rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.5,
                                                     mrope_section=section)),
            vision_config=dict(depth=self.depth, hidden_size=self.vision_width, num_heads=heads,
                               out_hidden_size=self.width, intermediate_size=merger, image_size=336),
            image_token_id=self.image_token, video_token_id=self.vocab - 8, image_start_token_id=self.vocab - 13,
            image_end_token_id=self.vocab - 12, video_start_token_id=self.vocab - 11,
            video_end_token_id=self.vocab - 10)
        config._attn_implementation = a.attn
        torch.manual_seed(0)
        torch.set_default_dtype(self.dtype)
        with self.device:
            self.model = Glm4vForConditionalGeneration(config)
        torch.set_default_dtype(torch.float32)
        self.model = self.model.to(self.device, self.dtype).eval()
        self.grid = (a.image[0] // 14, a.image[1] // 14)
        self.patches = self.grid[0] * self.grid[1]
        self.image_tokens = self.patches // 4
        self.count_parameters()
        self.peak = a.peak or (PEAK[a.dtype] if self.device.type == "cuda" else self.matmul_peak())

    def count_parameters(self):
        sizes = {name: parameter.numel() for name, parameter in self.model.named_parameters()}

        def total(wanted):
            return sum(size for name, size in sizes.items() if wanted(name))

        self.all_parameters = total(lambda name: True)
        self.vision_parameters = total(lambda name: "visual" in name)
        self.text_weights = total(lambda name: "visual" not in name and "embed_tokens" not in name)
        self.merger_weights = total(lambda name: "visual.merger" in name or "visual.downsample" in name)
        table = self.model.model.visual.embeddings.position_embedding.weight.numel()
        self.block_weights = self.vision_parameters - self.merger_weights - table

    def matmul_peak(self):
        x = torch.randn(1024, 1024, dtype=self.dtype)
        return 2 * 1024**3 / self.time(lambda: x @ x)["s"] / 1e12

    def vision_operations(self):
        n = self.patches
        return 2 * n * self.block_weights + n // 2 * self.merger_weights + 4 * self.depth * n * n * self.vision_width

    def text_operations(self, tokens):
        return 2 * tokens * self.text_weights + 2 * self.layers * tokens * tokens * self.width

    def wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def time(self, work, times=None, least_s=1.0):
        """Seconds for one call by the chosen clock, and seconds of processor, after one to warm up."""
        work()
        self.wait()
        wall, cpu, done = time.perf_counter(), time.process_time(), 0
        while done < times if times else (done == 0 or time.perf_counter() - wall < least_s):
            work()
            done += 1
            if not times:
                self.wait()
        self.wait()
        cpu = (time.process_time() - cpu) / done
        wall = (time.perf_counter() - wall) / done
        return dict(s=cpu / torch.get_num_threads() if self.a.cputime else wall, cpu_s=cpu)

    def batch(self, size, text):
        ids = torch.randint(1, self.vocab - 20, (size, text + self.image_tokens + 2))
        ids[:, 4] = self.vocab - 13
        ids[:, 5:5 + self.image_tokens] = self.image_token
        ids[:, 5 + self.image_tokens] = self.vocab - 12
        batch = dict(input_ids=ids, mm_token_type_ids=(ids == self.image_token).int(),
                     pixel_values=torch.randn(size * self.patches, 1176, dtype=self.dtype),
                     image_grid_thw=torch.tensor([[1, *self.grid]] * size), attention_mask=torch.ones_like(ids))
        return {name: tensor.to(self.device) for name, tensor in batch.items()}

    def fresh(self):
        self.model.model.rope_deltas = None

    @torch.no_grad()
    def inference(self):
        batch = self.batch(1, self.a.text)
        seen = self.time(lambda: self.model.model.get_image_features(batch["pixel_values"], batch["image_grid_thw"]))
        vision = dict(seen, patches_per_s=self.patches / seen["s"], tflops=self.vision_operations() / seen["s"] / 1e12)

        tokens = batch["input_ids"].shape[1]

        def prefill():
            self.fresh()
            self.model(**batch, use_cache=True, logits_to_keep=1)

        read = self.time(prefill)
        tflops = (self.vision_operations() + self.text_operations(tokens)) / read["s"] / 1e12
        prefill = dict(read, tokens=tokens, tok_per_s=tokens / read["s"], tflops=tflops, mfu=tflops / self.peak)
        decode = {str(size): self.decode(size) for size in self.a.decode_bs}
        return dict(vision=vision, prefill=prefill, decode=decode)

    def decode(self, size):
        """The time of one more token for each of the batch: many tokens less one, as both have the prefill in them."""
        batch = self.batch(size, self.a.text)

        def generate(count):
            self.fresh()
            self.model.generate(**batch, max_new_tokens=count, min_new_tokens=count, do_sample=False, pad_token_id=0)

        one = self.time(lambda: generate(1), times=2)
        many = self.time(lambda: generate(self.a.new + 1), times=2)
        step, cpu = ((many[key] - one[key]) / self.a.new for key in ("s", "cpu_s"))
        read = self.text_weights * (2 if self.a.dtype == "bf16" else 4)
        return dict(s_per_step=step, cpu_s=cpu, tok_per_s=size / step, weight_GBps=read / step / 1e9)

    def train(self):
        a = self.a
        self.model.train()
        if a.ckpt:
            self.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=dict(use_reentrant=False))
        forward = torch.compile(self.model) if a.compile else self.model
        optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-5, fused=True)
        batch = self.batch(a.train_bs, a.train_text)
        labels = batch["input_ids"].clone()
        labels[:, :6 + self.image_tokens] = -100

        def step():
            self.fresh()
            forward(**batch, labels=labels, use_cache=False).loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        took = self.time(step, times=a.steps)
        tokens = labels.numel()
        length = tokens // a.train_bs
        tflops = 3 * a.train_bs * (self.vision_operations() + self.text_operations(length)) / took["s"] / 1e12
        out = dict(bs=a.train_bs, seq=length, s_per_step=took["s"], cpu_s=took["cpu_s"], tok_per_s=tokens / took["s"],
                   samples_per_s=a.train_bs / took["s"], tflops=tflops, mfu=tflops / self.peak, ckpt=a.ckpt)
        if self.device.type == "cuda":
            out["peak_GiB"] = torch.cuda.max_memory_allocated() / 2**30
        return out


def main():
    a = arguments()
    bench = Bench(a)
    device = torch.cuda.get_device_name() if bench.device.type == "cuda" else f"cpu x{torch.get_num_threads()}"
    out = dict(config=a.config, device=device, dtype=a.dtype, engine=f"transformers {transformers.__version__}",
               torch=torch.__version__, attn=a.attn, params=bench.all_parameters,
               params_vision=bench.vision_parameters, patches=bench.patches, image_tokens=bench.image_tokens,
               peak_tflops=round(bench.peak, 4),
               clock="cpu/threads" if a.cputime else "wall", loadavg=os.getloadavg()[0], **bench.inference())
    if not a.no_train:
        out["train"] = bench.train()
    print(json.dumps(out))


main()

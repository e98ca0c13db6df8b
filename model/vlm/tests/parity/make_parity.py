#!/usr/bin/env python3
"""Fixtures for the parity test: tiny random models, run by the reference implementation.

    pip install transformers==5.17.0 torch==2.11.0 torchvision safetensors pillow numpy
    make_parity.py --out DIR                 every model and case, about 350 MB
    make_parity.py --out DIR --salt 7        the same from other random numbers
    make_parity.py --out fixtures --subset   the few that lie beside this file
    make_parity.py --out DIR --models moe    one family of models

    DIR/INDEX.json                            versions, token ids, models and their cases
    DIR/MODEL/config.json, model.safetensors  a checkpoint as transformers saves it
    DIR/MODEL/cases/CASE/case.json            what it is, tolerances, grids
    .../inputs.safetensors                    input_ids, attention_mask, mm_token_type_ids, pixel_values, image_grid_thw,
                                              pixel_values_videos, video_grid_thw, labels
    .../expect.safetensors                    logits, logprobs, position_ids, rope_deltas, loss, vis_*, txt_*, greedy_*,
                                              grad.NAME; txt_layer_N_router_margin: how far the choice of experts is
                                              from another one
    DIR/preprocess/                           the resize rule and video sampling as tables, pictures and their patches

Numbers are float32, int64 or uint8; the subset keeps weights as bfloat16, and what is expected was computed from the
rounded ones. Names of gradients are those of the tensors in model.safetensors. Experts are stored one by one, as in
published checkpoints, and in the models whose name ends in `fused` as the reference has them in memory, which is all
that it reads itself where a GLM-4.6V has experts.
"""
import argparse
import copy
import json
import math
import os

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers.models.glm46v.video_processing_glm46v import Glm46VVideoProcessor
from transformers.models.glm4v.image_processing_glm4v import Glm4vImageProcessor, smart_resize
from transformers.models.glm4v.image_processing_pil_glm4v import Glm4vImageProcessorPil
from transformers.models.glm4v.video_processing_glm4v import Glm4vVideoProcessor
from transformers.video_utils import VideoMetadata

torch.use_deterministic_algorithms(True)
# Tiny products: more threads only wait for one another, and sums would depend on their number.
torch.set_num_threads(1)

# The roles of 151339 and its neighbours in the release, in a vocabulary of 512.
IDS = dict(image_start_token_id=500, image_end_token_id=501, video_start_token_id=502, video_end_token_id=503,
           image_token_id=504, video_token_id=505)
PAD = 499
# Keeps the pictures of cases small.
SIZE = {"shortest_edge": 28 * 28, "longest_edge": 28 * 28 * 2 * 64}
TOLERANCE = dict(f32_abs=2e-4, f32_rel=2e-4, grad_rel_l2=1e-3, positions="exact", greedy_ids="exact")

# What is committed: the cases kept with every intermediate and gradient, and those kept with their results alone.
SUBSET = {
    "base_s0": (["img_square_56"], ["text_only", "batch_leftpad", "video_4f"]),
    "mqa1_s2": (["img_square_56"], []),
    "tied_s4": ([], ["img_square_56"]),
    "moegroups_s10": (["img_square_56"], []),
}
RESULTS = {"logits", "logprobs", "position_ids", "rope_deltas", "loss", "greedy_ids"}
# The tower of the models with experts is that of the others.
LEFT_OUT = {"moegroups_s10": ("vis_block", "grad.model.visual.")}


def rope(theta, section):
    return dict(rope_type="default", rope_theta=theta, partial_rotary_factor=0.5, mrope_section=section)


def shape_of(name):
    """The configuration of one of the models, as (kind, text, vision, tied)."""
    text = dict(vocab_size=512, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
                num_key_value_heads=2, max_position_embeddings=4096, rms_norm_eps=1e-5, pad_token_id=PAD,
                rope_parameters=rope(10000.0, [1, 1, 2]))
    vision = dict(depth=2, hidden_size=64, num_heads=4, out_hidden_size=64, intermediate_size=80, image_size=56,
                  patch_size=14, temporal_patch_size=2, spatial_merge_size=2, rms_norm_eps=1e-5, attention_bias=False)
    # The first layer dense, heads wider than hidden_size / heads, as in GLM-4.5V.
    experts = dict(num_hidden_layers=3, head_dim=24, attention_bias=True, rope_parameters=rope(10000.0, [2, 2, 2]),
                   first_k_dense_replace=1, moe_intermediate_size=20, n_routed_experts=8, num_experts_per_tok=3,
                   n_shared_experts=1, n_group=1, topk_group=1, norm_topk_prob=True, routed_scaling_factor=1.0)
    small = dict(hidden_size=32, num_heads=2)
    kind, tied = "glm4v", False
    if name == "mqa1":  # one key-value head, odd widths, biases in the vision tower
        text.update(num_key_value_heads=1, intermediate_size=100, hidden_size=96, num_attention_heads=6,
                    rope_parameters=rope(500000.0, [2, 1, 1]))
        vision.update(hidden_size=48, num_heads=2, out_hidden_size=96, intermediate_size=72, attention_bias=True,
                      image_size=84)
    elif name == "deep":  # the release's head size, sections and position table
        text.update(hidden_size=256, num_attention_heads=2, num_hidden_layers=3, intermediate_size=128,
                    rope_parameters=rope(10000.0, [8, 12, 12]))
        vision.update(hidden_size=128, num_heads=1, out_hidden_size=256, intermediate_size=128, image_size=336, depth=3)
    elif name == "tied":
        tied = True
    elif name == "moe":
        kind = "glm4v_moe"
        text.update(experts)
        vision.update(small)
    elif name == "moegroups":  # experts chosen in groups, two shared
        kind = "glm4v_moe"
        text.update(experts, n_group=4, topk_group=2, n_shared_experts=2, routed_scaling_factor=1.8)
        vision.update(small)
    elif name == "v46":
        kind = "glm46v"
        text.update(rope_parameters=rope(500000.0, [1, 1, 2]))
    elif name == "v46moe":  # two dense layers, weights of experts not normalised, no biases
        kind = "glm46v"
        text.update(experts, model_type="glm4v_moe_text", rope_parameters=rope(500000.0, [2, 2, 2]), n_group=2,
                    topk_group=1, norm_topk_prob=False, routed_scaling_factor=1.5, num_hidden_layers=4,
                    first_k_dense_replace=2, attention_bias=False)
        vision.update(small)
    return kind, text, vision, tied


CLASSES = {
    "glm4v": (transformers.Glm4vConfig, transformers.Glm4vForConditionalGeneration),
    "glm4v_moe": (transformers.Glm4vMoeConfig, transformers.Glm4vMoeForConditionalGeneration),
    "glm46v": (transformers.Glm46VConfig, transformers.Glm46VForConditionalGeneration),
}


def build(name, seed, rounded):
    kind, text, vision, tied = shape_of(name)
    make_config, make_model = CLASSES[kind]
    # Configurations write into the dictionaries they are given.
    config = make_config(text_config=copy.deepcopy(text), vision_config=copy.deepcopy(vision), tie_word_embeddings=tied,
                         **IDS)
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    torch.manual_seed(seed)
    model = make_model(config).float().eval()
    config.architectures = [make_model.__name__]
    generator = torch.Generator().manual_seed(seed + 17)

    def normal(shape):
        return torch.randn(shape, generator=generator)

    def fill(name, tensor):
        # The initial values leave norms at 1 and biases at 0, where mistakes would not show.
        if "norm" in name and name.endswith("weight"):
            return 1 + 0.2 * normal(tensor.shape)
        if name.endswith("bias"):
            return 0.1 * normal(tensor.shape)
        if "position_embedding" in name:
            return 0.3 * normal(tensor.shape)
        if "embed_tokens" in name:
            return normal(tensor.shape)
        if ".mlp.gate.weight" in name:  # the router: far from ties
            return 4 * normal(tensor.shape) / math.sqrt(tensor.shape[1])
        fan_in = tensor.shape[-1] if ".experts." in name else tensor[0].numel()
        return normal(tensor.shape) * (0.7 / math.sqrt(fan_in))

    corrections = [(n, b) for n, b in model.named_buffers() if n.endswith("e_score_correction_bias")]
    with torch.no_grad():
        for tensor_name, tensor in [*model.named_parameters(), *corrections]:
            if tensor.dim() >= 2 or "norm" in tensor_name or tensor_name.endswith("bias"):
                value = fill(tensor_name, tensor)
                tensor.copy_(value.bfloat16().float() if rounded else value)
    return config, model


def one_by_one(name, tensor, config):
    """A tensor of all experts as the tensors of each, by the names of published checkpoints."""
    if ".mlp.experts." not in name:
        return {name: tensor}
    prefix, part = name.rsplit(".", 1)
    named = {}
    for index, expert in enumerate(tensor):
        if part == "down_proj":
            named[f"{prefix}.{index}.down_proj.weight"] = expert
        else:
            gate, up = expert.chunk(2)
            named[f"{prefix}.{index}.gate_proj.weight"] = gate
            named[f"{prefix}.{index}.up_proj.weight"] = up
    return named


def save(tensors, path):
    save_file({name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}, path)


def save_checkpoint(model, config, folder, names, rounded):
    config.save_pretrained(folder)
    tensors = {}
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        tensors.update(names(name, tensor))
    if rounded:
        # The correction is kept in full precision by the reference, whatever the type of the rest.
        tensors = {n: t if n.endswith("correction_bias") else t.bfloat16() for n, t in tensors.items()}
    save_file({n: t.detach().contiguous().clone() for n, t in tensors.items()}, f"{folder}/model.safetensors",
              metadata={"format": "pt"})


def picture(rng, height, width):
    """Waves, noise and a block of one colour: gradients, grain and edges."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / (5 + 3 * c) + c) * 60 + np.cos(y / (7 + 2 * c)) * 60 + 128 for c in range(3)]
    image = np.stack(waves, -1) + rng.normal(0, 20, (height, width, 3))
    top, left = rng.integers(0, max(1, min(height, width) // 2), 4)[:2]
    image[top:top + max(2, height // 4), left:left + max(2, width // 4)] = rng.integers(0, 256, 3)
    return np.clip(image, 0, 255).astype(np.uint8)


def tensor_of(array):
    return torch.as_tensor(np.ascontiguousarray(array))


def patches_of(images):
    made = Glm4vImageProcessor(size=SIZE)(images=[tensor_of(i).permute(2, 0, 1) for i in images], return_tensors="pt")
    return made["pixel_values"].float(), made["image_grid_thw"].long()


def image_tokens(grid):
    placeholders = [IDS["image_token_id"]] * int(np.prod(grid) // 4)
    return [IDS["image_start_token_id"], *placeholders, IDS["image_end_token_id"]]


def token_types(ids):
    """0 text, 1 image, 2 video: a picture's placeholders between the ends of a video belong to it."""
    ids = np.array(ids)
    in_video = np.cumsum(ids == IDS["video_start_token_id"]) > np.cumsum(ids == IDS["video_end_token_id"])
    return np.where(ids == IDS["image_token_id"], np.where(in_video, 2, 1), 0).tolist()


def watch(model):
    """Hooks that record every named intermediate of the next forward; returns the record and the hooks."""
    record, hooks = {}, []

    def keep(name, value):
        record.setdefault(name, value.detach().clone())

    def add(module, name, pick=lambda out: out[0] if isinstance(out, tuple) else out):
        hooks.append(module.register_forward_hook(lambda _m, _i, out: keep(name, pick(out))))

    def add_rope(module, name):
        def hook(_module, _inputs, out):
            keep(f"{name}_cos", out[0])
            keep(f"{name}_sin", out[1])
        hooks.append(module.register_forward_hook(hook))

    vision, text = model.model.visual, model.model.language_model
    add(vision.patch_embed, "vis_patch_embed")
    add(vision.post_conv_layernorm, "vis_post_conv_norm")
    add(vision.embeddings, "vis_after_pos_embed")
    add_rope(vision.rotary_pos_emb, "vis_rope")
    for index, block in enumerate(vision.blocks):
        add(block, f"vis_block_{index}")
        add(block.attn, f"vis_block_{index}_attn")
        add(block.mlp, f"vis_block_{index}_mlp")
    add(vision.post_layernorm, "vis_post_norm")
    add(vision.downsample, "vis_downsample", lambda out: out.reshape(out.shape[0], -1))
    add(vision.merger, "vis_merged")
    add_rope(text.rotary_emb, "txt_rope")
    hooks.append(text.layers[0].register_forward_pre_hook(lambda _m, inputs: keep("txt_inputs_embeds", inputs[0])))
    for index, layer in enumerate(text.layers):
        name = f"txt_layer_{index}"
        add(layer, name)
        add(layer.self_attn, f"{name}_attn")
        add(layer.mlp, f"{name}_mlp")
        if hasattr(layer, "post_mlp_layernorm"):
            add(layer.post_self_attn_layernorm, f"{name}_post_attn_norm")
            add(layer.post_mlp_layernorm, f"{name}_post_mlp_norm")
        if hasattr(layer.mlp, "experts"):
            def route(module, _inputs, out, name=name):
                keep(f"{name}_router_margin", router_margin(module, out[0]))
                # Which come first of the chosen is left open by the reference: in the order of their numbers here.
                experts, order = out[2].sort(-1)
                keep(f"{name}_router_logits", out[0])
                keep(f"{name}_experts", experts)
                keep(f"{name}_expert_weights", out[1].gather(-1, order))
            hooks.append(layer.mlp.gate.register_forward_hook(route))
            add(layer.mlp.shared_experts, f"{name}_shared")
    add(text.norm, "txt_final_norm")
    return record, hooks


class Cases:
    """Runs and writes the cases of one model."""

    def __init__(self, model, config, folder, names, subset):
        self.model, self.config, self.folder, self.names, self.subset = model, config, folder, names, subset
        self.index = []

    def run(self, name, rows, images=None, video=None, note="", pad="left"):
        """`rows` are lists of token ids with their placeholders; media are (patches, grids)."""
        full, results = self.subset or ([name], [])
        if name not in full + results:
            return
        model = self.model
        batch, length = len(rows), max(map(len, rows))
        ids = torch.full((batch, length), PAD)
        mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
        for row, tokens in enumerate(rows):
            place = slice(length - len(tokens), length) if pad == "left" else slice(0, len(tokens))
            ids[row, place], mask[row, place] = torch.tensor(tokens), 1
            types[row, place] = torch.tensor(token_types(tokens))
        media = {}
        if images is not None:
            media.update(pixel_values=images[0], image_grid_thw=images[1])
        if video is not None:
            media.update(pixel_values_videos=video[0], video_grid_thw=video[1])
        given = dict(input_ids=ids, attention_mask=mask, **media, **(dict(mm_token_type_ids=types) if media else {}))

        def forward(**more):
            model.model.rope_deltas = None
            return model(**given, use_cache=False, **more)

        record, hooks = watch(model)
        with torch.no_grad():
            logits = forward().logits.float()
        for hook in hooks:
            hook.remove()
        expect = dict(record, logits=logits)
        if media:
            grids = dict(image_grid_thw=media.get("image_grid_thw"), video_grid_thw=media.get("video_grid_thw"))
            expect["position_ids"], expect["rope_deltas"] = model.model.get_rope_index(
                ids, mm_token_type_ids=types, attention_mask=mask, **grids)
        else:  # without media the reference counts from 0, padding included
            expect["position_ids"] = torch.arange(length).view(1, 1, -1).expand(3, batch, -1)
        chosen = torch.log_softmax(logits[:, :-1], -1).gather(-1, ids[:, 1:, None])[..., 0]
        expect["logprobs"] = chosen * mask[:, 1:]
        if pad == "left":
            model.model.rope_deltas = None
            with torch.no_grad():
                made = model.generate(**given, max_new_tokens=6, do_sample=False, return_dict_in_generate=True,
                                      output_logits=True, eos_token_id=None, pad_token_id=PAD)
            expect["greedy_ids"] = made.sequences[:, length:]
            expect["greedy_logits"] = torch.stack(made.logits, 1).float()
        labels = self.labels(ids, mask, types)
        model.zero_grad(set_to_none=True)
        loss = forward(labels=labels).loss
        loss.backward()
        expect["loss"] = loss.detach().reshape(1)
        for parameter_name, parameter in model.named_parameters():
            if parameter.grad is not None:
                for one, gradient in self.names(parameter_name, parameter.grad).items():
                    expect[f"grad.{one}"] = gradient
        model.zero_grad(set_to_none=True)
        if name not in full:
            expect = {key: value for key, value in expect.items() if key in RESULTS}
        inputs = dict(input_ids=ids, attention_mask=mask, mm_token_type_ids=types, labels=labels, **media)
        self.write(name, rows, inputs, expect, note, pad, media)

    @staticmethod
    def labels(ids, mask, types):
        """The text after the last picture, or all but the first token."""
        labels = ids.clone()
        labels[mask == 0] = -100
        for row in range(ids.shape[0]):
            seen = (types[row] > 0).nonzero()
            start = int(seen[-1]) + 2 if len(seen) else int(mask[row].nonzero()[0]) + 1
            labels[row, :start] = -100
        return labels

    def write(self, name, rows, inputs, expect, note, pad, media):
        folder = f"{self.folder}/cases/{name}"
        os.makedirs(folder, exist_ok=True)
        left_out = LEFT_OUT.get(os.path.basename(self.folder), ()) if self.subset else ()
        expect = {key: value for key, value in expect.items() if not key.startswith(left_out)}
        save(inputs, f"{folder}/inputs.safetensors")
        save(expect, f"{folder}/expect.safetensors")
        batch, length = inputs["input_ids"].shape
        grids = {kind: media[f"{kind}_grid_thw"].tolist() if f"{kind}_grid_thw" in media else None
                 for kind in ("image", "video")}
        case = dict(name=name, note=note, batch=batch, seq=length, padding=pad, rows=rows, loss=float(expect["loss"]),
                    tolerance=TOLERANCE, grids=grids)
        with open(f"{folder}/case.json", "w") as file:
            json.dump(case, file)
        self.index.append(dict(case=name, note=note, seq=length, batch=batch))


def router_margin(router, logits):
    """How near the choice of experts is to another one, in scores; smaller differences in rounding move nothing."""
    scores = logits.sigmoid() + router.e_score_correction_bias
    grouped = scores.view(scores.shape[0], router.num_group, -1)
    margins = []
    if router.topk_group < router.num_group:
        best = grouped.topk(2, -1).values.sum(-1).sort(-1, descending=True)
        margins.append(best.values[:, router.topk_group - 1] - best.values[:, router.topk_group])
        shut = torch.ones_like(best.values).scatter(1, best.indices[:, :router.topk_group], 0).bool()
        scores = grouped.masked_fill(shut[..., None], -math.inf).flatten(1)
    ordered = scores.sort(-1, descending=True).values
    margins.append(ordered[:, router.top_k - 1] - ordered[:, router.top_k])
    return torch.stack(margins).min().reshape(1)


def run_model(name, seed, arguments, index):
    fused = name.endswith("_fused")
    tag = f"{name.removesuffix('_fused')}_s{seed}" + ("_fused" if fused else "")
    subset = SUBSET.get(tag) if arguments.subset else None
    if arguments.subset and subset is None:
        return
    folder = f"{arguments.out}/{tag}"
    os.makedirs(folder, exist_ok=True)
    config, model = build(name.removesuffix("_fused"), seed, arguments.subset)
    names = (lambda name, tensor: {name: tensor}) if fused else (lambda name, tensor: one_by_one(name, tensor, config))
    save_checkpoint(model, config, folder, names, arguments.subset)
    rng = np.random.default_rng(1000 + seed)
    cases = Cases(model, config, folder, names, subset)

    def text(length):
        return rng.integers(0, 480, length).tolist()

    def pictures(case, sizes, note):
        media = patches_of([picture(rng, *size) for size in sizes])
        row = text(5)
        for grid in media[1].tolist():
            row += image_tokens(grid) + text(3)
        cases.run(case, [row + text(6)], media, note=note)

    cases.run("text_only", [text(17)], note="no media: equal positions on all three axes")
    pictures("img_square_56", [(56, 56)], "grid 1x4x4")
    pictures("img_84x140", [(84, 140)], "not square")
    pictures("img_odd_113x201", [(113, 201)], "resized, bicubic with antialias")
    pictures("img_wide_28x1400", [(28, 1400)], "aspect 50:1")
    pictures("img_tall_1400x28", [(1400, 28)], "aspect 1:50")
    pictures("img_extreme_28x5000", [(28, 5000)], "aspect 178:1, the limit is 200")
    pictures("multi_image_3", [(56, 84), (112, 56), (61, 97)], "three pictures of different grids")

    first, second, third = picture(rng, 56, 56), picture(rng, 84, 56), picture(rng, 56, 112)
    media = patches_of([first, second, third])
    grids = media[1].tolist()
    one = text(4) + image_tokens(grids[0]) + text(9)
    two = text(2) + image_tokens(grids[1]) + text(2) + image_tokens(grids[2]) + text(7)
    cases.run("batch_leftpad", [one, two], media, note="padded on the left, one picture and two")
    cases.run("batch_rightpad", [one, two], media, note="padded on the right, as in training", pad="right")

    frames = np.stack([picture(rng, 56, 84) for _ in range(4)])
    made = Glm4vVideoProcessor(do_sample_frames=False, size=SIZE)(
        videos=[tensor_of(frames).permute(0, 3, 1, 2)], return_tensors="pt")
    video = made["pixel_values_videos"].float(), made["video_grid_thw"].long()

    def film(grid):
        row = [IDS["video_start_token_id"]]
        for slice_ in range(grid[0]):
            row += image_tokens((1, *grid[1:])) + text(1 + slice_ % 2)
        return [*row, IDS["video_end_token_id"]]

    grid = video[1][0].tolist()
    cases.run("video_4f", [text(3) + film(grid) + text(6)], video=video,
              note="four frames in two slices, a timestamp as text after each")
    # The reference puts both kinds of features on one placeholder and refuses a video beside a picture: only positions.
    media = patches_of([second])
    row = text(3) + film(grid) + text(2) + image_tokens(media[1].tolist()[0]) + text(5)
    types = torch.tensor([token_types(row)])
    positions, delta = model.model.get_rope_index(torch.tensor([row]), mm_token_type_ids=types, image_grid_thw=media[1],
                                                  video_grid_thw=video[1])
    index["mixed_video_image_positions"].append(dict(
        model=tag, ids=row, types=types[0].tolist(), image_grid=media[1].tolist(), video_grid=video[1].tolist(),
        pos=positions[:, 0].tolist(), delta=int(delta)))
    cases.run("text_leftpad", [text(9), text(21)], note="no media, padded on the left")
    index["models"].append(dict(tag=tag, params=sum(p.numel() for p in model.parameters()), cases=cases.index))
    print(tag, len(cases.index), flush=True)


def preprocess(out, salt, index):
    os.makedirs(f"{out}/preprocess", exist_ok=True)
    rng = np.random.default_rng(5 + salt)

    def resized(frames, height, width, low, high):
        try:
            return list(smart_resize(frames, height, width, 2, 28, low, high))
        except ValueError:
            return "error"

    limits = ((112 * 112, 28 * 28 * 15000), (112 * 112, 28 * 28 * 2 * 30000), (28 * 28, 28 * 28 * 128),
              (112 * 112, 9633792))
    rows = []
    for _ in range(400):
        height, width = (int(np.exp(rng.uniform(np.log(8), np.log(5000)))) for _ in range(2))
        for frames in (2, int(rng.integers(2, 40))):
            rows += [[frames, height, width, 2, 28, *limit, resized(frames, height, width, *limit)] for limit in limits]
    # Halves that Python rounds to even, and both sides of the limit of aspect.
    for height, width in ((42, 70), (14, 14), (70, 42), (126, 98), (28, 5600), (28, 5601), (1, 1), (98, 98)):
        rows.append([2, height, width, 2, 28, *limits[0], resized(2, height, width, *limits[0])])
    columns = ["num_frames", "height", "width", "temporal_factor", "factor", "min_pixels", "max_pixels",
               "expect [h,w] or error"]
    with open(f"{out}/preprocess/smart_resize.json", "w") as file:
        json.dump(dict(columns=columns, rows=rows), file)

    sizes = dict(same_112=(112, 112), up_50x40=(50, 40), down_420x740=(420, 740), odd_333x127=(333, 127),
                 wide_20x900=(20, 900))
    from PIL import Image
    for name, (height, width) in sizes.items():
        image = picture(rng, height, width)
        vision = Glm4vImageProcessor()(images=[tensor_of(image).permute(2, 0, 1)], return_tensors="pt")
        pillow = Glm4vImageProcessorPil()(images=[Image.fromarray(image)], return_tensors="pt")
        vision_patches = vision["pixel_values"].float()
        pillow_patches = torch.as_tensor(np.asarray(pillow["pixel_values"])).float()
        save(dict(image_u8_hwc=tensor_of(image), pixel_values_torchvision=vision_patches,
                  pixel_values_pil=pillow_patches, image_grid_thw=vision["image_grid_thw"].long()),
             f"{out}/preprocess/image_{name}.safetensors")
        apart = (vision_patches - pillow_patches).abs()
        index.setdefault("pil_vs_torchvision_maxdiff", {})[name] = [float(apart.max()), float(apart.mean())]
    frames = np.stack([picture(rng, 60, 90) for _ in range(5)])
    made = Glm4vVideoProcessor(do_sample_frames=False)(videos=[tensor_of(frames).permute(0, 3, 1, 2)],
                                                       return_tensors="pt")
    save(dict(frames_u8_thwc=tensor_of(frames), pixel_values_videos=made["pixel_values_videos"].float(),
              video_grid_thw=made["video_grid_thw"].long()), f"{out}/preprocess/video_5f.safetensors")


def video_sampling(out):
    os.makedirs(f"{out}/preprocess", exist_ok=True)
    for name, processor in (("video_sample_frames", Glm4vVideoProcessor()),
                            ("video_sample_frames_46", Glm46VVideoProcessor())):
        rows = []
        for total, fps in ((1, 24), (10, 24), (48, 24), (100, 30), (301, 29.97), (1000, 24), (9000, 25), (20000, 30),
                           (90000, 30), (700, 2)):
            film = VideoMetadata(total_num_frames=total, fps=fps, duration=total / fps)
            picked = np.asarray(processor.sample_frames(film)).tolist()
            rows.append(dict(total=total, fps=fps, duration=total / fps, indices=picked))
        with open(f"{out}/preprocess/{name}.json", "w") as file:
            json.dump(rows, file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--salt", type=int, default=0, help="added to every seed: a fresh set")
    parser.add_argument("--subset", action="store_true", help="only what is committed")
    parser.add_argument("--models", nargs="*", help="only these, such as base moe v46moe")
    arguments = parser.parse_args()
    models = [("base", 0), ("base", 1), ("mqa1", 2), ("deep", 3), ("tied", 4), ("moe", 5), ("moegroups", 10),
              ("moegroups_fused", 10), ("v46", 7), ("v46moe", 8), ("v46moe_fused", 8)]
    index = dict(transformers=transformers.__version__, torch=torch.__version__, salt=arguments.salt, ids=IDS, pad=PAD,
                 mixed_video_image_positions=[], models=[])
    for name, seed in models:
        if not arguments.models or name.removesuffix("_fused") in arguments.models:
            run_model(name, seed + arguments.salt, arguments, index)
    if not arguments.subset:
        preprocess(arguments.out, arguments.salt, index)
    video_sampling(arguments.out)
    with open(f"{arguments.out}/INDEX.json", "w") as file:
        json.dump(index, file, indent=None if arguments.subset else 1)


main()

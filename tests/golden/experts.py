#!/usr/bin/env python3
"""Golden values of blocks of experts: outputs and gradients in float64, by MixtralSparseMoeBlock of transformers, and for
what that cannot say by a few lines of PyTorch.

    python3 tests/golden/experts.py      (needs torch and transformers; writes experts.json beside itself)

The output is weighted with fixed numbers r, and sum(y * r) is sent back. Numbers are multiples of 1/64, as in ops.py.
"""
import json
import pathlib

import torch
import torch.nn.functional as F
from transformers import MixtralConfig
from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock

torch.manual_seed(5)
ACTIVATIONS = [("relu", torch.relu), ("gelu", F.gelu), ("swish", F.silu)]  # by their index in dm_activations
SWIGLU = 9
cases = []


def draw(*shape, scale=1.0):
    return (torch.randn(*shape, dtype=torch.float64) * scale * 64).round().div(64).requires_grad_()


def numbers(t):
    return [float(f"{v:.9g}") for v in t.detach().flatten().tolist()]


def add(what, x, weights, y, fixed=(), **settings):
    r = draw(*y.shape).detach()
    (y * r).sum().backward()
    case = {"what": what, "rows": x.shape[0], "width": x.shape[1], **settings, "x": numbers(x), "y": numbers(y), "r": numbers(r),
            "dx": numbers(x.grad)}
    for name, t in weights.items():
        case[name] = numbers(t)
        if name not in fixed:
            case["d" + name] = numbers(t.grad if t.grad is not None else torch.zeros_like(t))
    cases.append(case)


def mixtral(rows, width, inner, experts, top):
    """Its experts are two stacks of matrices, [experts, 2 inner, width] (W above V) and [experts, width, inner]."""
    block = MixtralSparseMoeBlock(MixtralConfig(hidden_size=width, intermediate_size=inner, num_local_experts=experts,
                                                num_experts_per_tok=top)).double().eval()
    stack = {name: draw(*p.shape) for name, p in block.named_parameters()}
    for name, p in block.named_parameters():
        p.data = stack[name].detach().clone()
    x = draw(rows, width)
    y = block(x[None])
    y = (y[0] if isinstance(y, tuple) else y)[0]
    r = draw(*y.shape).detach()
    (y * r).sum().backward()
    of = {name: (p.detach(), p.grad) for name, p in block.named_parameters()}
    up, down = of["experts.gate_up_proj"], of["experts.down_proj"]
    parts = {"router.weight": of["gate.weight"], "router.bias": (torch.zeros(experts), None)}
    for e in range(experts):
        parts[f"experts.{e}.gate_proj.weight"] = [t[e, :inner] for t in up]
        parts[f"experts.{e}.up_proj.weight"] = [t[e, inner:] for t in up]
        parts[f"experts.{e}.down_proj.weight"] = [t[e] for t in down]
    case = {"what": "Mixtral", "rows": rows, "width": width, "inner": inner, "experts": experts, "top": top, "shared": 0,
            "sigmoid": 0, "activation": SWIGLU, "x": numbers(x), "y": numbers(y), "r": numbers(r), "dx": numbers(x.grad)}
    for name, (value, grad) in parts.items():
        case[name] = numbers(value)
        if grad is not None:
            case["d" + name] = numbers(grad)
    cases.append(case)


def plain(what, rows, width, inner, experts, top, shared, sigmoid, activation):
    """Token by token, after the formula: DeepSeekMoE with a router of DeepSeek-V3 where it is sigmoid."""
    x, weights = draw(rows, width), {"router.weight": draw(experts, width), "router.bias": draw(experts).detach()}
    for block, wide in [*((f"experts.{e}", inner) for e in range(experts)), *([("shared_experts", shared * inner)] * bool(shared))]:
        weights |= {f"{block}.fc1.weight": draw(wide, width), f"{block}.fc1.bias": draw(wide),
                    f"{block}.fc2.weight": draw(width, wide), f"{block}.fc2.bias": draw(width)}

    def dense(block, row):
        one, two = [(weights[f"{block}.fc{i}.weight"], weights[f"{block}.fc{i}.bias"]) for i in (1, 2)]
        return F.linear(ACTIVATIONS[activation][1](F.linear(row, *one)), *two)

    y = []
    for row in x:
        u = weights["router.weight"] @ row
        a = torch.sigmoid(u) if sigmoid else u.softmax(0)
        chosen = (a + weights["router.bias"]).topk(top).indices
        gate = a[chosen] / (a.sum() if top == 1 else a[chosen].sum())
        made = sum(g * dense(f"experts.{e}", row) for g, e in zip(gate, chosen.tolist()))
        y.append(made + (dense("shared_experts", row) if shared else 0))
    add(what, x, weights, torch.stack(y), fixed=["router.bias"], inner=inner, experts=experts, top=top, shared=shared,
        sigmoid=sigmoid, activation=activation)


mixtral(9, 6, 5, 4, 2)
mixtral(5, 8, 3, 8, 3)
plain("softmax, top 1", 7, 6, 5, 4, 1, 0, 0, 0)
plain("softmax with bias, shared", 8, 5, 4, 6, 3, 2, 0, 1)
plain("sigmoid with bias", 9, 6, 4, 5, 2, 1, 1, 2)
text = ",\n".join("{" + ",\n ".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in c.items()) + "}"
                  for c in cases)
pathlib.Path(__file__).with_name("experts.json").write_text(f"[\n{text}\n]\n")

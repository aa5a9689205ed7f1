#!/usr/bin/env python3
"""Golden values of the ops: inputs, outputs and gradients that PyTorch computes in float64.

    python3 tests/golden/ops.py      (needs torch; writes ops.json beside itself)

Every case is run forward, its output is weighted with fixed numbers r, and sum(y * r) is sent back. Inputs are multiples
of 1/64, so that they are the same in float32 and short in the file.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(4)
ACTIVATIONS = {
    "identity": lambda x: x,
    "relu": torch.relu,
    "gelu": F.gelu,
    "swish": F.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}
cases = []


def draw(*shape, scale=1.0):
    """Random multiples of 1/64 that want a gradient."""
    return (torch.randn(*shape, dtype=torch.float64) * scale * 64).round().div(64).requires_grad_()


def stored(t):
    rows = t.detach().reshape(-1, t.shape[-1]) if t.dim() else t.detach().reshape(1, 1)
    return {"shape": list(rows.shape), "values": [float(f"{v:.9g}") for v in rows.flatten().tolist()]}


def add(op, tensors, y, **settings):
    """One case: inputs and weights by name, the output, r, and a gradient for every tensor that wants one."""
    case = {"op": op, **settings, **{name: stored(t) for name, t in tensors.items()}}
    if y.dim():
        r = draw(*y.shape).detach()
        case["r"] = stored(r)
        (y * r).sum().backward()
        case["y"] = stored(y)
    else:
        y.backward()
        case["objective"] = y.item()
    for name, t in tensors.items():
        if t.grad is not None:
            case["d" + name] = stored(t.grad)
    cases.append(case)


def linear():
    for activation, rows, inner, outer, biased in [("identity", 3, 5, 4, True), ("identity", 2, 8, 3, False),
                                                   ("relu", 4, 7, 5, True), ("gelu", 3, 6, 9, True),
                                                   ("gelu", 2, 3, 17, False), ("swish", 3, 6, 9, True),
                                                   ("tanh", 3, 4, 8, True)]:
        tensors = {"x": draw(rows, inner), "weight": draw(outer, inner, scale=0.7)}
        if biased:
            tensors["bias"] = draw(outer)
        y = ACTIVATIONS[activation](F.linear(tensors["x"], tensors["weight"], tensors.get("bias")))
        add("linear", tensors, y, activation=activation)


def embedding():
    for width, ids, scale, frozen, positioned in [(6, [1, 3, 1, 0], 1.0, -1, False), (9, [4, 2, 4, 4, 0, 1], 3.0, 4, True)]:
        table = draw(5, width)
        y = F.embedding(torch.tensor(ids), table) * scale
        tensors = {"table": table}
        if positioned:
            tensors["positions"] = draw(len(ids), width).detach()
            y = y + tensors["positions"]
        if frozen >= 0:  # the row that gets no gradient
            table.register_hook(lambda g, row=frozen: g.index_fill(0, torch.tensor(row), 0.0))
        add("embedding", tensors, y, ids=ids, scale=scale, frozen=frozen)


def norms():
    for rows, width in [(3, 4), (2, 17), (1, 40)]:
        tensors = {"x": draw(rows, width, scale=2), "gain": draw(width), "bias": draw(width)}
        add("layer_norm", tensors, F.layer_norm(tensors["x"], (width,), tensors["gain"], tensors["bias"], 1e-5))
    for rows, width in [(4, 5), (2, 24)]:
        tensors = {"x": draw(rows, width), "f": draw(rows, width), "gain": draw(width), "bias": draw(width)}
        y = F.layer_norm(tensors["x"] + tensors["f"], (width,), tensors["gain"], tensors["bias"], 1e-5)
        add("residual_norm", tensors, y)
    tensors = {"x": draw(3, 7), "f": draw(3, 7)}
    add("residual", tensors, tensors["x"] + tensors["f"])


def attention():
    """Sequences one by one, heads one by one: nothing is shared with the fused op but the formula."""
    for width, heads, causal, queries, keys in [(6, 2, False, [3, 1, 4], [3, 1, 4]), (8, 2, True, [4, 1, 3], [4, 1, 3]),
                                                (9, 3, False, [2, 3], [5, 2]), (4, 1, True, [1, 2], [4, 3]),
                                                (8, 4, True, [20], [20])]:
        q, k, v = draw(sum(queries), width), draw(sum(keys), width), draw(sum(keys), width)
        outputs, q_row, k_row = [], 0, 0
        for n, m in zip(queries, keys):
            columns = []
            for h in range(heads):
                part = slice(h * width // heads, (h + 1) * width // heads)
                a, b, c = q[q_row:q_row + n, part], k[k_row:k_row + m, part], v[k_row:k_row + m, part]
                scores = a @ b.T / math.sqrt(width / heads)
                if causal:
                    hidden = torch.ones(n, m, dtype=torch.bool).triu(m - n + 1)
                    scores = scores.masked_fill(hidden, -math.inf)
                columns.append(scores.softmax(-1) @ c)
            outputs.append(torch.cat(columns, 1))
            q_row, k_row = q_row + n, k_row + m
        add("attention", {"q": q, "k": k, "v": v}, torch.cat(outputs), heads=heads, causal=causal, queries=queries, keys=keys)


def one_cross_entropy(rows, width, vocabulary, smoothing, excluded, biased, weights=None):
    tensors = {"x": draw(rows, width), "weight": draw(vocabulary, width)}
    if biased:
        tensors["bias"] = draw(vocabulary).detach()
    targets = torch.randint(0, vocabulary - 1, (rows,))
    log_p = F.linear(tensors["x"], tensors["weight"], tensors.get("bias")).log_softmax(-1)
    chosen = log_p.gather(1, targets[:, None])[:, 0]
    counted = [w for w in range(vocabulary) if w != excluded]
    loss = (1 - smoothing) * -chosen - smoothing * log_p[:, counted].mean(-1)
    if excluded >= 0:
        tensors["weight"].register_hook(lambda g, row=excluded: g.index_fill(0, torch.tensor(row), 0.0))
    settings = dict(targets=targets.tolist(), smoothing=smoothing, excluded=excluded)
    each = torch.ones(rows, dtype=torch.float64)
    if weights:
        each = torch.tensor(weights, dtype=torch.float64)
        tensors["weights"] = each[None]
        settings["targets"] = [t if w else -1 for t, w in zip(settings["targets"], weights)]
    add("cross_entropy", tensors, (each * loss).sum(), **settings)
    cases[-1].update(nll=(each * -chosen).sum().item(), log_probabilities=stored(chosen.where(each != 0, 0.0)[None]))
    if rows < 10 and not weights:
        cases[-1]["all_log_probabilities"] = stored(log_p)


def cross_entropy():
    for case in [(3, 4, 7, 0.0, -1, False), (4, 6, 11, 0.125, -1, True), (5, 5, 19, 0.125, 18, True), (70, 3, 9, 0.25, 8, True)]:
        one_cross_entropy(*case)


def weighted_cross_entropy():
    """Rows of weight 0 have the target -1, which nobody may look at."""
    one_cross_entropy(4, 5, 7, 0.0, -1, False, [0.5, 0, 1, 2.25])
    one_cross_entropy(5, 4, 19, 0.125, 18, True, [0, 1.5, -0.75, 0, 1])
    one_cross_entropy(6, 3, 9, 0.25, 0, True, [0, 0, 0.25, 1, 0, 3])


def arithmetic():
    tensors = {"a": draw(3, 5), "b": draw(3, 5)}
    add("add", tensors, tensors["a"] + tensors["b"])
    tensors = {"a": draw(2, 6)}
    add("scale", tensors, tensors["a"] * -2.5, factor=-2.5)
    tensors = {"a": draw(3, 5), "b": draw(3, 2)}
    add("concatenate", tensors, torch.cat([tensors["a"], tensors["b"]], 1))


def gru():
    """Row by row, so that PyTorch's cell takes what is multiplied already: W_i is the identity, W_h zero, b_h the row."""
    for rows, width in [(3, 1), (4, 5), (2, 17)]:
        tensors = {"input": draw(rows, 3 * width), "hidden": draw(rows, 3 * width), "h": draw(rows, width)}
        eye, zero = torch.eye(3 * width, dtype=torch.float64), torch.zeros(3 * width, width, dtype=torch.float64)
        y = [torch.gru_cell(a[None], h[None], eye, zero, torch.zeros_like(a), b) for a, b, h in zip(*tensors.values())]
        add("gru", tensors, torch.cat(y))


def gate():
    for activation, rows, width in [("identity", 2, 3), ("relu", 3, 8), ("gelu", 3, 5), ("swish", 4, 17), ("tanh", 2, 4)]:
        tensors = {"x": draw(rows, 2 * width)}
        a, b = tensors["x"].chunk(2, -1)
        add("gate", tensors, ACTIVATIONS[activation](a) * b, activation=activation)


def lstm():
    """As gru: what is multiplied already goes through torch's cell with identities."""
    for rows, width in [(3, 1), (4, 5), (2, 17)]:
        tensors = {"input": draw(rows, 4 * width), "hidden": draw(rows, 4 * width), "state": draw(rows, 2 * width)}
        eye, zero = torch.eye(4 * width, dtype=torch.float64), torch.zeros(4 * width, width, dtype=torch.float64)
        y = [torch.cat(torch.lstm_cell(a[None], [half[None] for half in s.chunk(2)], eye, zero, torch.zeros_like(a), b), 1)
             for a, b, s in zip(*tensors.values())]
        add("lstm", tensors, torch.cat(y))


def additive_attention():
    """Pair by pair: nothing is shared with the op but the formula. p: the probabilities, sequence after sequence."""
    for width, inner, queries, keys in [(3, 5, [1, 1], [2, 4]), (8, 4, [2, 1, 3], [1, 9, 5])]:
        q, k, value = draw(sum(queries), inner), draw(sum(keys), inner), draw(sum(keys), width)
        v, outputs, p, q_row, k_row = draw(inner), [], [], 0, 0
        for n, m in zip(queries, keys):
            for i in range(q_row, q_row + n):
                e = torch.stack([v @ torch.tanh(q[i] + k[j]) for j in range(k_row, k_row + m)])
                p.append(e.softmax(0))
                outputs.append(p[-1] @ value[k_row:k_row + m])
            q_row, k_row = q_row + n, k_row + m
        add("additive_attention", {"q": q, "k": k, "value": value, "v": v}, torch.stack(outputs), queries=queries, keys=keys)
        cases[-1]["p"] = stored(torch.cat(p)[None])


def collect():
    for width, rows, order in [(3, [2, 3], [4, 0, 0, -1, 2]), (5, [1, 4, 2], [6, 5, 4, 3, 2, 1, 0, -1, 6])]:
        tensors = {f"part{i}": draw(n, width) for i, n in enumerate(rows)}
        below = torch.cat([*tensors.values(), torch.zeros(1, width, dtype=torch.float64)])
        add("collect", tensors, below[torch.tensor(order)], order=order)  # -1 is the last: zeros


def divergence():
    """Rows i and n + i are a pair; the objective is factor times their symmetric divergence."""
    for rows, width, vocabulary, excluded, biased, factor in [(2, 4, 7, -1, False, 1.0), (8, 5, 19, 18, True, 2.5)]:
        tensors = {"x": draw(rows, width), "weight": draw(vocabulary, width)}
        if biased:
            tensors["bias"] = draw(vocabulary).detach()
            tensors["bias"][excluded] = -10000
            tensors["weight"].register_hook(lambda g, row=excluded: g.index_fill(0, torch.tensor(row), 0.0))
        p, q = F.linear(tensors["x"], tensors["weight"], tensors.get("bias")).log_softmax(-1).chunk(2)
        loss = (F.kl_div(q, p, log_target=True, reduction="sum") + F.kl_div(p, q, log_target=True, reduction="sum")) / 2
        add("divergence", tensors, factor * loss, excluded=excluded, factor=factor)


def convolutions():
    """Windows by index, with torch's own convolution where it has one: the depthwise of a whole sequence."""
    order = [[-1, 0, 1], [0, 1, 2], [1, 2, -1], [4, -1, 3]]
    for width, rows in [(3, 5), (8, 5)]:
        x = draw(rows, width)
        below = torch.cat([x, torch.zeros(1, width, dtype=torch.float64)])[torch.tensor(order)]
        add("unfold", {"x": x}, below.flatten(1), order=sum(order, []), width=3)
    for width, heads, own in [(6, 6, False), (6, 2, False), (8, 4, True), (5, 1, True)]:
        x, w = draw(5, width), draw(len(order), heads * 3) if own else draw(heads, 3)
        below = torch.cat([x, torch.zeros(1, width, dtype=torch.float64)])[torch.tensor(order)]  # [n, k, d]
        each = w.view(-1, heads, 3).expand(len(order), heads, 3).repeat_interleave(width // heads, 1)
        add("convolve", {"x": x, "w": w}, (below.transpose(1, 2) * each).sum(-1), order=sum(order, []), width=3, heads=heads)
    x, w = draw(9, 4), draw(4, 3)
    whole = [i + j if 0 <= i + j < 9 else -1 for i in range(9) for j in (-1, 0, 1)]
    add("convolve", {"x": x, "w": w}, F.conv1d(x.T[None], w[:, None], padding=1, groups=4)[0].T, order=whole, width=3, heads=4)
    for width, groups in [(1, 3), (3, 1), (5, 4)]:
        x = draw(3, groups * width)
        add("softmax_groups", {"x": x}, x.view(3, groups, width).softmax(-1).flatten(1), width=width)


def scales():
    x, factors = draw(4, 5), draw(4).detach()
    add("scale_rows", {"x": x, "factors": factors}, x * factors[:, None])
    x = draw(4, 5)
    add("scale_gradient", {"x": x}, x * 0.25 + x.detach() * 0.75, factor=0.25)
    tensors = {"x": draw(3, 4), "weight": draw(7, 4), "bias": draw(7)}
    add("linear", tensors, torch.sigmoid(F.linear(*tensors.values())), activation="sigmoid")


def rms_norm():
    for rows, width in [(3, 4), (2, 17), (1, 40)]:
        module = torch.nn.RMSNorm(width, eps=1e-6, dtype=torch.float64)
        module.weight.data = draw(width).detach()
        x = draw(rows, width, scale=2)
        add("rms_norm", {"x": x, "gain": module.weight}, module(x))


def batch_norm():
    """The second of two updates. by_running: of the same rows, what the running statistics make of them then."""
    for rows, before, width in [(3, 5, 4), (7, 2, 17), (40, 9, 3)]:
        module = torch.nn.BatchNorm1d(width, dtype=torch.float64)
        module.weight.data, module.bias.data = draw(width).detach(), draw(width).detach()
        module.running_mean.copy_(draw(width).detach())
        module.running_var.copy_(draw(width).detach() ** 2)
        start = {"mean": module.running_mean.clone(), "variance": module.running_var.clone()}
        first, x = draw(before, width).detach(), draw(rows, width, scale=2)
        module(first)
        add("batch_norm", {"x": x, "gain": module.weight, "bias": module.bias, "first": first, **start}, module(x))
        module.eval()
        cases[-1].update(running_mean=stored(module.running_mean), running_var=stored(module.running_var),
                         by_running=stored(module(x)))


def affinity():
    for rows, width, experts in [(3, 5, 4), (7, 16, 8), (1, 9, 11)]:
        tensors = {"x": draw(rows, width), "weight": draw(experts, width)}
        add("affinity", tensors, F.linear(*tensors.values()))


def routed(logits, bias, top, sigmoid):
    """Token by token: the experts chosen, the highest first, their gates, and every expert's share."""
    a = torch.sigmoid(logits) if sigmoid else logits.softmax(-1)
    chosen = [sorted(range(len(scores)), key=lambda e: -scores[e])[:top] for scores in (a + bias).tolist()]
    share = a / a.sum(-1, keepdim=True)
    if top == 1:
        gates = [share[i, c] for i, c in enumerate(chosen)]
    else:
        gates = [a[i, c] / a[i, c].sum() for i, c in enumerate(chosen)]
    return chosen, torch.stack(gates), share


ROUTES = [(5, 4, 2, False), (6, 4, 1, False), (4, 9, 3, False), (5, 4, 2, True), (3, 4, 1, True), (4, 9, 4, True), (3, 1, 1, False)]


def route():
    for rows, experts, top, sigmoid in ROUTES:
        for biased in (False, True):
            tensors = {"logits": draw(rows, experts), "bias": draw(experts).detach() * biased}
            chosen, gates, _ = routed(*tensors.values(), top, sigmoid)
            add("route", tensors, gates, top=top, sigmoid=sigmoid, chosen=sum(chosen, []))


def combine():
    """part E: what expert E has made of its tokens, in their order."""
    for (rows, experts, top, sigmoid), width in zip(ROUTES, (3, 8, 17, 5, 4, 16, 2)):
        logits = draw(rows, experts)
        chosen, gates, _ = routed(logits, torch.zeros(experts), top, sigmoid)
        parts = {e: draw(n, width) for e in range(experts) if (n := sum(c.count(e) for c in chosen))}
        met, y = dict.fromkeys(parts, 0), []
        for i in range(rows):
            rows_of = []
            for e in chosen[i]:
                rows_of.append((e, met[e]))
                met[e] += 1
            y.append(sum(gates[i, k] * parts[e][row] for k, (e, row) in enumerate(rows_of)))
        add("combine", {"logits": logits, **{f"part{e}": z for e, z in parts.items()}}, torch.stack(y), top=top,
            sigmoid=sigmoid, width=width)


def balance():
    for (rows, experts, top, sigmoid), factor in zip(ROUTES, (1.0, 0.25, 3.0, 1.0, 2.0, 0.5, 1.0)):
        tensors = {"logits": draw(rows, experts)}
        chosen, _, share = routed(tensors["logits"], torch.zeros(experts), top, sigmoid)
        f = torch.tensor([sum(c.count(e) for c in chosen) / (rows * top) for e in range(experts)], dtype=torch.float64)
        add("balance", tensors, factor * experts * (f * share.mean(0)).sum(), top=top, sigmoid=sigmoid, factor=factor)


def rotate():
    """Pairs as complex numbers, multiplied by one of length 1: a head's first half is their real part."""
    for heads, width, places in [(1, 2, [0, 1, 5]), (3, 4, [7, 0, 600, 3]), (2, 10, [2, 9])]:
        x = draw(len(places), heads * width)
        angles = torch.tensor(places, dtype=torch.float64)[:, None] * 10000.0 ** (-torch.arange(width // 2) * 2 / width)
        turned = torch.complex(*x.view(len(places), heads, 2, width // 2).unbind(2)) * torch.exp(1j * angles)[:, None]
        y = torch.stack([turned.real, turned.imag], 2).flatten(1)
        add("rotate", {"x": x, "turns": torch.cat([angles.cos(), angles.sin()], 1)}, y, heads=heads)


def attention_by_place():
    """What attention sees and leans on, as a mask of numbers for PyTorch's own attention."""
    for width, heads, causal, window, leans, lengths in [(6, 2, False, 0, True, [3, 1, 7]), (9, 3, True, 0, True, [5, 2]),
                                                         (4, 1, False, 2, False, [9, 2]), (8, 2, True, 3, True, [37, 4]),
                                                         (8, 4, False, 5, True, [40])]:
        tensors = {name: draw(sum(lengths), width) for name in "qkv"}
        slopes = torch.tensor([[0.5 ** (h + 1), 0.5 ** (h + 2)] for h in range(heads)], dtype=torch.float64)
        outputs, start = [], 0
        for n in lengths:
            q, k, v = (t[start:start + n].view(n, heads, -1).transpose(0, 1) for t in tensors.values())
            away = torch.arange(n)[:, None] - torch.arange(n)[None]
            mask = torch.zeros(heads, n, n, dtype=torch.float64)
            if leans:
                mask = -torch.where(away >= 0, slopes[:, 0, None, None], slopes[:, 1, None, None]) * away.abs()
            if causal:
                mask = mask.masked_fill(away < 0, -math.inf)
            if window:
                mask = mask.masked_fill(away.abs() > window, -math.inf)
            outputs.append(F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(0, 1).reshape(n, width))
            start += n
        if leans:
            tensors = {**tensors, "slopes": slopes}
        add("attention", tensors, torch.cat(outputs), heads=heads, causal=causal, window=window, queries=lengths,
            keys=lengths)


def learned_positions():
    for width, ids, places, frozen in [(5, [1, 3, 1, 0], [0, 1, 2, 0], -1), (8, [4, 2, 4, 0], [0, 3, 3, 1], 4)]:
        tensors = {"table": draw(5, width), "learned": draw(4, width)}
        y = F.embedding(torch.tensor(ids), tensors["table"]) * 3.0 + F.embedding(torch.tensor(places), tensors["learned"])
        if frozen >= 0:
            tensors["table"].register_hook(lambda g, row=frozen: g.index_fill(0, torch.tensor(row), 0.0))
        add("embedding", tensors, y, ids=ids, places=places, scale=3.0, frozen=frozen)


def linear_sum():
    for rows, going, width in [(3, 2, 5), (4, 4, 8)]:
        tensors = {"x": draw(rows, width), "weight": draw(width, width, scale=0.7), "bias": draw(width)}
        x, weight, bias = tensors.values()
        first = torch.tanh(F.linear(x, weight, bias))
        add("linear_sum", tensors, torch.tanh(F.linear(first[:going], weight, bias)), going=going)


def pointer():
    """What is copied from the source beside what the vocabulary says: sequences see keys of their own."""
    for queries, keys, width, vocabulary, smoothing, excluded, weights in [
            ([2, 3], [3, 4], 5, 9, 0.0, -1, None), ([4, 1, 2], [2, 5, 1], 4, 13, 0.125, 12, [1, 0, 2, 0.5, 1, 1, -1])]:
        n, sources, longest = sum(queries), sum(keys), max(keys)
        tensors = {"x": draw(n, width), "weight": draw(vocabulary, width), "bias": draw(vocabulary).detach(),
                   "gate": draw(n, 1), "source": draw(sources, 1), "shift": draw(1, 1),
                   "seen": draw(1, sum(q * k for q, k in zip(queries, keys))).detach().abs().requires_grad_()}
        copies, rows, first, at, seen = [], [], 0, 0, tensors["seen"][0]
        for q, k in zip(queries, keys):
            own = torch.randint(0, vocabulary - 1, (k,)).tolist()
            own[0] = vocabulary  # no piece of the vocabulary, which stands at the first place
            own[-1] = own[0] if k > 3 else own[-1]
            copies += own
            for i in range(q):
                rows.append((first, k, at + i * k))
            first, at = first + k, at + q * k
        p = F.linear(tensors["x"], tensors["weight"], tensors["bias"]).log_softmax(-1)
        whole = []
        for i, (key, k, place) in enumerate(rows):
            a = seen[place:place + k]
            g = torch.sigmoid(tensors["gate"][i, 0] + (a * tensors["source"][key:key + k, 0]).sum() + tensors["shift"][0, 0])
            copied = torch.zeros(vocabulary + longest, dtype=torch.float64)
            copied = copied.index_add(0, torch.tensor(copies[key:key + k]), a)
            whole.append(torch.cat([g * p[i].exp(), torch.zeros(longest, dtype=torch.float64)]) + (1 - g) * copied)
        whole = torch.stack(whole)
        targets = [copies[key] if i % 2 else (copies[key + k - 1] if i % 4 else int(torch.randint(0, vocabulary - 1, (1,))))
                   for i, (key, k, _) in enumerate(rows)]
        chosen = whole.gather(1, torch.tensor(targets)[:, None])[:, 0].log()
        counted = [w for w in range(vocabulary) if w != excluded]
        loss = (1 - smoothing) * -chosen - smoothing * p[:, counted].mean(-1)
        each = torch.ones(n, dtype=torch.float64)
        if weights:
            each = torch.tensor(weights, dtype=torch.float64)
            tensors["weights"] = each[None]
        if excluded >= 0:
            tensors["weight"].register_hook(lambda g, row=excluded: g.index_fill(0, torch.tensor(row), 0.0))
        add("pointer", tensors, (each * loss).sum(), targets=targets, copies=copies, smoothing=smoothing,
            excluded=excluded, queries=queries, keys=keys)
        cases[-1].update(nll=(each * -chosen).sum().item(), all=stored(whole),
                         log_probabilities=stored(chosen.where(each != 0, 0.0)[None]))


def scans():
    """Row by row, from a state that each hands on to the next; the gradients are PyTorch's."""
    for width, lengths in [(1, [3]), (5, [4, 1, 2]), (17, [9, 3])]:
        x, rows = draw(sum(lengths), width), []
        for part in x.split(lengths):
            rows += [part[:t + 1].mean(0) for t in range(len(part))]
        add("running_mean", {"x": x}, torch.stack(rows), queries=lengths)
    for width, lengths in [(1, [3]), (5, [4, 1, 2]), (17, [9, 3])]:
        tensors, rows = {"x": draw(sum(lengths), 2 * width), "bias": draw(width)}, []
        for part in tensors["x"].split(lengths):
            state = torch.zeros(width, dtype=torch.float64)
            for z, u in (row.chunk(2) for row in part):
                f = torch.sigmoid(u + tensors["bias"])
                state = f * state + (1 - f) * z
                rows.append(torch.relu(state))
        add("ssru", tensors, torch.stack(rows), queries=lengths)


def span_means():
    for width, lengths in [(3, [2, 1, 4]), (5, [3, 0, 1])]:
        x = draw(sum(lengths), width)
        y = torch.stack([part.mean(0) if len(part) else x.new_zeros(width) for part in x.split(lengths)])
        add("span_means", {"x": x}, y, spans=lengths)


def ctc():
    """torch's own loss in double. Targets with the same piece twice, an empty one, one that just fits, and one that no
    path comes to, which counts nothing."""
    for rows, targets, width, vocabulary, blank, excluded in [
            ([4], [[2, 2]], 3, 5, 0, -1), ([6, 3, 5, 2, 4], [[1, 3, 3, 2], [], [4, 1, 4, 1, 2], [3, 3], [2]], 4, 7, 0, 6),
            ([9, 7], [[3, 3, 1], [5]], 5, 9, 4, -1)]:
        tensors = {"x": draw(sum(rows), width), "weight": draw(vocabulary, width), "bias": draw(vocabulary).detach()}
        if excluded >= 0:
            tensors["bias"][excluded] = -10000
            tensors["weight"].register_hook(lambda g, row=excluded: g.index_fill(0, torch.tensor(row), 0.0))
        p = F.linear(tensors["x"], tensors["weight"], tensors["bias"]).log_softmax(-1).split(rows)
        each = [F.ctc_loss(part[:, None], torch.tensor([target], dtype=torch.long), torch.tensor([len(part)]),
                           torch.tensor([len(target)]), blank, "sum", zero_infinity=True) for part, target in zip(p, targets)]
        fits = [len(t) + sum(a == b for a, b in zip(t, t[1:])) <= n for n, t in zip(rows, targets)]
        add("ctc", tensors, sum(each), rows=rows, lengths=[len(t) for t in targets], targets=sum(targets, []), blank=blank,
            excluded=excluded)
        cases[-1].update(count=sum(len(t) + 1 for t, fit in zip(targets, fits) if fit),
                         log_probabilities=[-loss.item() if fit else None for loss, fit in zip(each, fits)])


# New ops go last: what comes before then keeps its random numbers.
for make in (linear, embedding, norms, attention, cross_entropy, arithmetic, gru, additive_attention, collect,
             weighted_cross_entropy, divergence, gate, convolutions, scales, lstm, rms_norm, batch_norm, affinity, route,
             combine, balance,
             rotate, attention_by_place, learned_positions, linear_sum, pointer, span_means, ctc, scans):
    make()
text = ",\n".join("{" + ",\n ".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in c.items()) + "}"
                  for c in cases)
pathlib.Path(__file__).with_name("ops.json").write_text(f"[\n{text}\n]\n")

#!/usr/bin/env python3
"""Small random folders of transformers' decoders without an encoder, and what PyTorch computes with them in float64: see
README.md beside this file.

  python tests/golden/decoder_folders.py [FORMAT | FORMAT/NAME ...]       (needs torch, transformers, safetensors)

Writes tests/golden/FORMAT/NAME/. The committed files were made by this script; the tests read them, not this.
"""
import json
import sys

import torch
import torch.nn.functional as F
from transformers import (Glm4MoeConfig, Glm4MoeForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM,
                          MixtralConfig, MixtralForCausalLM)
from safetensors.torch import load_file
from transformers.modeling_layers import MtpModel
from transformers.models.glm4_moe import modeling_glm4_moe as glm4_moe
from transformers.models.llama import modeling_llama as llama
from transformers.models.mixtral import modeling_mixtral as mixtral

from golden_folders import HERE, SMOOTHING, Subject, losses_of, make_corpus, store, store_json, trained, write_golden

FORMATS = {"gpt2": (GPT2Config, GPT2LMHeadModel), "llama": (LlamaConfig, LlamaForCausalLM),
           "mixtral": (MixtralConfig, MixtralForCausalLM), "glm4_moe": (Glm4MoeConfig, Glm4MoeForCausalLM)}
VOCABULARY = 31
NO_DROPOUT = dict(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
WIDE = dict(hidden_size=16, num_attention_heads=4)

# pad: the last piece, which is one like the others; or there is none. pairs: what is read is a source, then a target
FOLDERS = {
    "gpt2": [
        dict(name="tied", seed=61, pad=True, settings=dict(n_embd=12, n_layer=2, n_head=3, n_positions=80, **NO_DROPOUT)),
        dict(name="untied", seed=62, pad=False, settings=dict(
            n_embd=8, n_layer=2, n_head=2, n_inner=20, n_positions=64, activation_function="relu",
            layer_norm_epsilon=1e-3, tie_word_embeddings=False, **NO_DROPOUT)),
    ],
    "llama": [
        dict(name="tied", seed=63, pad=True, settings=dict(
            hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=3, tie_word_embeddings=True)),
        dict(name="grouped", seed=64, pad=False, settings=dict(
            intermediate_size=20, num_hidden_layers=2, num_key_value_heads=2, rms_norm_eps=1e-3, hidden_act="gelu",
            rope_parameters={"rope_type": "default", "rope_theta": 500.0}, **WIDE)),
        dict(name="pairs", seed=65, pad=True, pairs=True, settings=dict(
            hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2)),
    ],
    "mixtral": [
        dict(name="top2", seed=66, pad=True, settings=dict(
            intermediate_size=12, num_hidden_layers=2, num_key_value_heads=2, num_local_experts=4, num_experts_per_tok=2,
            **WIDE)),
    ],
    "glm4_moe": [
        dict(name="shared", seed=67, pad=True, settings=dict(
            intermediate_size=20, moe_intermediate_size=10, num_hidden_layers=2, num_key_value_heads=2, n_routed_experts=5,
            num_experts_per_tok=3, n_shared_experts=2, first_k_dense_replace=0, tie_word_embeddings=True, num_mtp_layers=0,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0}, **WIDE)),
        dict(name="ahead", seed=68, pad=True, settings=dict(
            hidden_size=8, num_attention_heads=2, num_key_value_heads=1, intermediate_size=12, moe_intermediate_size=6,
            num_hidden_layers=1, n_routed_experts=3, num_experts_per_tok=2, n_shared_experts=1, first_k_dense_replace=0,
            tie_word_embeddings=True, num_mtp_layers=2,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0})),
    ],
}


# transformers goes through float32 in these. With them the way it is, the double model is 6e-7 exact.
def rms_norm(self, x):
    return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))


def turns(self, x, position_ids):
    theta, half = self.config.rope_parameters["rope_theta"], self.inv_freq.shape[0]
    lengths = theta ** (-torch.arange(half, dtype=x.dtype) / half)
    angles = position_ids[..., None].to(x.dtype) * torch.cat([lengths, lengths])
    return angles.cos(), angles.sin()


def route_by_softmax(self, x):
    logits = F.linear(x.reshape(-1, self.hidden_dim), self.weight)
    value, chosen = logits.softmax(-1).topk(self.top_k, dim=-1)
    return logits, value / value.sum(-1, keepdim=True), chosen


def route_by_sigmoid(self, x):
    logits = F.linear(x.reshape(-1, self.hidden_dim), self.weight)
    scores = logits.sigmoid()
    chosen = (scores + self.e_score_correction_bias).topk(self.top_k, dim=-1).indices
    value = scores.gather(1, chosen)
    return logits, value / value.sum(-1, keepdim=True), chosen


def compute_exactly():
    for module in (llama.LlamaRMSNorm, mixtral.MixtralRMSNorm, glm4_moe.Glm4MoeRMSNorm):
        module.forward = rms_norm
    for module in (llama.LlamaRotaryEmbedding, mixtral.MixtralRotaryEmbedding, glm4_moe.Glm4MoeRotaryEmbedding):
        module.forward = turns
    mixtral.MixtralTopKRouter.forward = route_by_softmax
    glm4_moe.Glm4MoeTopkRouter.forward = route_by_sigmoid


def make_texts(seed):
    """Lines that end with eos (0), one of them empty but for it."""
    return [([], target) for _, target in make_corpus(VOCABULARY, VOCABULARY, VOCABULARY - 1, seed)]


def scatter(model):
    with torch.no_grad():
        for name, weight in model.named_parameters():
            around = 1.0 if "norm" in name and name.endswith("weight") or ".ln_" in name and name.endswith("weight") else 0.0
            strong = ("v_proj.weight", "o_proj.weight", "c_proj.weight", "c_fc.weight", "mlp.gate.weight", "up_proj",
                      "gate_proj.weight", "up_proj.weight", "down_proj.weight", "down_proj")
            weight.copy_(around + (0.6 if name.endswith(strong) else 0.3) * torch.randn(weight.shape))
        for name, buffer in model.named_buffers():
            if name.endswith("e_score_correction_bias"):
                buffer.copy_(0.2 * torch.randn(buffer.shape))


def make_folder(kind, spec):
    torch.manual_seed(spec["seed"])
    config, model_class = FORMATS[kind]
    pad = VOCABULARY - 1 if spec["pad"] else None
    model = model_class(config(vocab_size=VOCABULARY, bos_token_id=0, eos_token_id=0, pad_token_id=pad,
                               **spec["settings"]))
    scatter(model)
    folder = HERE / kind / spec["name"]
    model.save_pretrained(folder)
    if model.config.to_dict().get("num_nextn_predict_layers"):
        add_heads(model, folder)
    (folder / "model.safetensors").chmod(0o644)
    if spec.get("pairs"):
        path = folder / "config.json"
        said = json.loads(path.read_text())
        store_json({**said, "dragoman": {"examples": "pairs"}}, path)
    return folder


def split_experts(name, tensor, kind):
    """The names of the file, which has a tensor for each expert."""
    if ".experts." not in name or tensor.dim() != 3:
        return {name: tensor}
    stem = name.rsplit(".", 1)[0].replace(".mlp.", ".block_sparse_moe.") if kind == "mixtral" else name.rsplit(".", 1)[0]
    gate, up, down = ("w1", "w3", "w2") if kind == "mixtral" else ("gate_proj", "up_proj", "down_proj")
    split = {}
    for i, expert in enumerate(tensor):
        if name.endswith("gate_up_proj"):
            split[f"{stem}.{i}.{gate}.weight"], split[f"{stem}.{i}.{up}.weight"] = expert.chunk(2)
        else:
            split[f"{stem}.{i}.{down}.weight"] = expert
    return split


# ---- Heads that look ahead ----

WEIGHT = 0.3  # of their loss


def head_names(model, heads):
    """Parameters of transformers' heads under the names of a file, which has them behind the layers."""
    out = {}
    for name, tensor in heads:
        if name.startswith("layers."):
            number, rest = name.removeprefix("layers.").split(".", 1)
            rest = rest.removeprefix("mtp_block.").replace("post_norm.", "shared_head.norm.")
            out.update(split_experts(f"model.layers.{model.config.num_hidden_layers + int(number)}.{rest}", tensor, "glm4_moe"))
    return out


def add_heads(model, folder):
    heads = MtpModel(model, model.config.num_mtp_layers)
    scatter(heads.layers)
    state = [(n, t) for n, t in heads.state_dict().items()]
    store({**load_file(folder / "model.safetensors"), **head_names(model, state)}, folder / "model.safetensors")


def name_heads(settings):
    """Which layers of a file are heads, transformers knows of released models alone."""
    first = settings["num_hidden_layers"]
    Glm4MoeForCausalLM._keys_to_ignore_on_load_unexpected = [
        rf"model\.layers\.{i}\..*" for i in range(first, first + settings["num_mtp_layers"])]


def open_heads(model):
    """As generate(use_mtp=True) does."""
    heads = MtpModel.from_pretrained(model).double()
    heads.tie_with_main_model(model)
    return heads


def write_heads(folder, corpus):
    """What the heads of a folder say of the corpus, their loss with that of the model, and its gradients."""
    subject = load("glm4_moe", folder, torch.float64)
    model, heads = subject.model, open_heads(subject.model)
    count, ahead, said = model.config.num_mtp_layers, 0, []
    for _, target in corpus:
        inputs = torch.tensor([[0] + target[:-1]])
        hidden, of_text = model.model(input_ids=inputs, use_cache=False).last_hidden_state, []
        for k in range(1, count + 1):
            n = len(target) - k
            if n <= 0:
                of_text.append([])
                continue
            hidden = heads.forward_layer(k - 1, hidden[:, :n], torch.arange(k, k + n)[None], None, input_ids=inputs[:, k:])
            logp = torch.log_softmax(model.lm_head(hidden)[0], dim=-1)
            picked = logp[torch.arange(n), torch.tensor(target[k:])]
            ahead = ahead - WEIGHT / count * picked.sum()
            of_text.append(picked.tolist())
        said.append(of_text)
    (losses_of(subject, corpus)[0] + ahead).backward()
    tables = {n: w.grad for n, w in trained(model).items()}
    store({**subject.names(tables), **head_names(model, [(n, w.grad) for n, w in heads.named_parameters() if n.startswith("layers.")])},
          folder / "ahead_gradients.safetensors")
    store_json({"weight": WEIGHT, "ahead": ahead.item(), "log_probabilities": said}, folder / "ahead.json")


def names_of(kind):
    def renamed(tensors):
        out = {}
        for name, tensor in tensors.items():
            if kind == "mixtral" and name.endswith("mlp.gate.weight"):
                name = name.replace(".mlp.", ".block_sparse_moe.")
            out.update(split_experts(name, tensor, kind))
        return out
    return renamed


def load(kind, folder, dtype):
    model = FORMATS[kind][1].from_pretrained(folder, dtype=dtype, attn_implementation="sdpa",
                                            experts_implementation="eager").to(dtype).eval()

    def logits(source, inputs):
        read = ([0] + source[:-1] if source else []) + inputs
        return model(input_ids=torch.tensor([read]), use_cache=False).logits[0, -len(inputs):]

    pad = model.config.pad_token_id
    return Subject(model, pad, logits, start=0, frozen=False, names=names_of(kind))


def main():
    compute_exactly()
    for kind in FOLDERS:
        for spec in FOLDERS[kind]:
            if sys.argv[1:] and not {kind, f"{kind}/{spec['name']}"} & set(sys.argv[1:]):
                continue
            folder = make_folder(kind, spec)
            corpus = make_corpus(VOCABULARY, VOCABULARY, VOCABULARY - 1, spec["seed"]) if spec.get("pairs") \
                else make_texts(spec["seed"])
            ahead = spec["settings"].get("num_mtp_layers")
            if ahead:
                name_heads(spec["settings"])
            write_golden(folder, lambda path, dtype: load(kind, path, dtype), corpus, trains=not ahead)
            if ahead:
                write_heads(folder, corpus)


main()

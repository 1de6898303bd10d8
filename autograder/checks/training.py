"""Training loops in a check: run the student's, with the model rigged so that we know the truth."""

from __future__ import annotations

import json
import struct
from typing import Any

import torch

from .tensors import MOST_SHOWN, kind_of

SAFETENSORS_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
MAX_HEADER = 2**20
"""Bytes of a safetensors header: JSON takes many times its size in memory."""


def run_training(
    build: Any,
    train: Any,
    seed: int,
    settings: dict[str, Any],
    train_set: Any,
    valid_set: Any,
    options: dict[str, Any],
    rig: dict[str, Any],
) -> dict[str, Any]:
    """A probe: build a model, rig its outputs, train it, and return all that was seen.

    The model is called with tokens (batch, n) and with what says which are real: a mask (bool, of
    the same shape) or lengths (batch,); by position or by whatever names its own forward has.

    The rig works on the student's own model, as a subclass of its class. With ``shifts`` and
    ``wobble`` the logit z of a review in eval mode becomes ``wobble * sin(z) + shifts[epoch]``:
    with large gaps between the shifts the order of the validation losses is known, and the wobble
    still tells one epoch's weights from another's. An epoch has passed when eval mode follows
    training. With ``always`` it becomes so in train mode, too. In either mode, with ``gain`` every
    logit is that many times as large, and with ``bump`` and ``marked`` that of a review that starts
    with the id ``marked`` is larger by ``bump``.

    Returns a dict:
        history: what train returned.
        file: the checkpoint's bytes, or None where there is none.
        start, state: the model's state_dict before and after.
        used: for each training batch [its reviews as lists of ids, whether in train mode].
        evaluated: the reviews that passed in eval mode.
        widest: the largest length of a batch.
        cleared: for each training batch, whether no gradient was added to that of another batch.
        moved: for each training batch but the first, whether the weights changed since the last.
        rates: for each step the learning rates, one for each group of parameters; empty where no
            optimiser of PyTorch took a step.
        adam: of the last step, for each group what else steers Adam, by name.
    """
    import inspect
    import pathlib
    import sys
    import tempfile

    import torch
    from torch.optim.optimizer import register_optimizer_step_pre_hook

    torch.manual_seed(seed)
    model = build(**settings)
    kind = type(model)
    arguments = inspect.signature(kind.forward)
    seen: dict[str, Any] = {"used": [], "evaluated": [], "widest": 0}
    seen |= {"cleared": [], "moved": [], "rates": [], "adam": []}
    clock = {"epochs": 0, "trained": False}
    weights_before: list[Any] = []
    filled: set[int] = set()
    """Parameters with a gradient from before, by id."""

    def on_backward_of(network: Any, reviews: Any, mode: bool) -> Any:
        def on_backward(gradient: Any) -> None:
            clock["trained"] = True
            seen["used"].append([reviews, mode])
            seen["cleared"].append(True)
            filled.clear()
            filled.update(
                id(part)
                for part in network.parameters()
                if part.grad is not None and bool(part.grad.any())
            )
            weights = [part.detach().clone() for part in network.parameters()]
            if weights_before:
                pairs = zip(weights, weights_before, strict=False)
                seen["moved"].append(not all(torch.equal(*pair) for pair in pairs))
            weights_before[:] = weights

        return on_backward

    def on_sum(part: Any) -> None:
        # Not where gradients are asked for by themselves, and put in place of the old ones.
        if id(part) in filled and seen["cleared"]:
            seen["cleared"][-1] = False

    def on_step(optimizer: Any, args: Any, kwargs: Any) -> None:
        groups = optimizer.param_groups
        seen["rates"].append([float(group["lr"]) for group in groups if "lr" in group])
        names = ["betas", "eps", "weight_decay", "amsgrad", "maximize"]
        seen["adam"] = [{name: group[name] for name in names if name in group} for group in groups]

    class Rigged(kind):  # type: ignore[misc, valid-type]
        def forward(self, *args: Any, **kwargs: Any) -> Any:
            logits = kind.forward(self, *args, **kwargs)
            if not hasattr(logits, "register_hook"):
                raise TypeError(
                    "where `train` calls the model, it has to return the logits alone, a tensor; "
                    f"here it returned {type(logits).__name__}"
                )
            # A decorated forward may say nothing of its arguments.
            bound = arguments.bind(self, *args, **kwargs).arguments.values()
            tokens, real = args[:2] if len(args) >= 2 else [*bound][1:3]
            if not seen["used"] and not seen["evaluated"] and bool(logits.isnan().any()):
                raise ValueError("the model, as `train` got it, returns logits that are NaN")
            mask = real.bool()
            if real.dim() == 1:
                mask = torch.arange(tokens.shape[1]) < real[:, None]
            reviews = [row[kept].tolist() for row, kept in zip(tokens, mask, strict=True)]
            seen["widest"] = max(seen["widest"], tokens.shape[1])
            if logits.requires_grad:
                logits.register_hook(on_backward_of(self, reviews, self.training))
            if not self.training:
                seen["evaluated"].extend(reviews)
                if clock["trained"]:
                    clock["trained"] = False
                    clock["epochs"] += 1
            if "shifts" in rig and (rig.get("always") or not self.training):
                # The epoch of a training batch is not over yet.
                number = clock["epochs"] + 1 if self.training else max(clock["epochs"], 1)
                shift = rig["shifts"][min(number, len(rig["shifts"])) - 1]
                logits = rig["wobble"] * torch.sin(logits) + shift
            if "gain" in rig:
                logits = rig["gain"] * logits
            if "bump" in rig:
                logits = logits + rig["bump"] * (tokens[:, 0] == rig["marked"]).to(logits)
            return logits

    def copy_of_state() -> dict[str, Any]:
        return {name: value.detach().clone() for name, value in model.state_dict().items()}

    # Some keep a model by pickling it whole: then its class has to be found where theirs was.
    home = sys.modules.get(kind.__module__)
    if home:
        Rigged.__module__, Rigged.__qualname__ = kind.__module__, f"_Rigged{kind.__name__}"
        setattr(home, Rigged.__qualname__, Rigged)
    start = copy_of_state()
    model.__class__ = Rigged
    for part in model.parameters():
        if part.requires_grad:
            part.register_post_accumulate_grad_hook(on_sum)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "kept.safetensors"
        watch = register_optimizer_step_pre_hook(on_step)
        try:
            seen["history"] = train(model, train_set, valid_set, checkpoint=str(path), **options)
        finally:
            watch.remove()
        seen["file"] = path.read_bytes() if path.is_file() else None
    seen["start"], seen["state"] = start, copy_of_state()
    return seen


def read_safetensors(data: bytes | None) -> dict[str, torch.Tensor]:
    """The tensors of a file in the safetensors format.

    The format (https://github.com/huggingface/safetensors#format): 8 bytes with the length of a
    JSON header, the header, the tensors' bytes. Raises AssertionError for anything else.
    """
    assert data is not None, "train left no file at the path that `checkpoint` names."
    try:
        (size,) = struct.unpack("<Q", data[:8])
        if size > MAX_HEADER:
            raise ValueError("the header is too long")
        header = json.loads(data[8 : 8 + size])
        header.pop("__metadata__", None)
        tensors = {}
        left = len(data)
        for name, entry in header.items():
            begin, end = (8 + size + offset for offset in entry["data_offsets"])
            # Else a thousand entries could each claim the whole file, and be copied.
            left -= max(end - begin, 0)
            if left < 0:
                raise ValueError("tensors overlap")
            dtype = SAFETENSORS_DTYPES[entry["dtype"]]
            flat = torch.empty(0, dtype=dtype)
            if end > begin:
                flat = torch.frombuffer(bytearray(data[begin:end]), dtype=dtype)
            tensors[name] = flat.reshape(entry["shape"])
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise AssertionError(
            "the checkpoint is not in the safetensors format: "
            "write it with save_file from safetensors.torch."
        ) from error
    return tensors


def expect_history(history: Any, epochs: int | None = None) -> tuple[list[float], list[float]]:
    """The training and validation losses of a history, checked for form.

    ``epochs`` is how many each must have. Raises AssertionError.
    """
    has_keys = isinstance(history, dict) and {"train_loss", "valid_loss"} <= history.keys()
    assert has_keys, 'train should return a dictionary with the keys "train_loss" and "valid_loss".'
    for name in ("train_loss", "valid_loss"):
        losses = history[name]
        are_many = isinstance(losses, list | tuple)
        assert are_many, f'history["{name}"] should be a list of floats, one for each epoch.'
        other = next((loss for loss in losses if type(loss) is not float), None)
        assert other is None, (
            f'history["{name}"] should be a list of floats, one for each epoch, but it holds '
            f"{kind_of(other)}. Of a tensor, .item() makes a float."
        )
    train_loss, valid_loss = list(history["train_loss"]), list(history["valid_loss"])
    assert len(train_loss) == len(valid_loss), (
        f"there are {len(train_loss)} training losses but {len(valid_loss)} validation losses; "
        "both lists should have one number for each epoch that was run."
    )
    assert epochs is None or len(valid_loss) == epochs, (
        f"{epochs} epochs should have been run, but the history has {len(valid_loss)}: "
        f"{[round(loss, 4) for loss in valid_loss[:MOST_SHOWN]]}."
    )
    return train_loss, valid_loss


def expect_two_epochs(student: Any, build: Any, settings: dict[str, Any]) -> None:
    """Run the student's `train` for two epochs on a handful of reviews, and check what it tells.

    ``build`` and ``settings`` make the model. In eval mode it says the same of every review, so the
    validation loss can be worked out by hand. Raises AssertionError with a message for the student.
    """
    reviews = [[1, 5, 6], [1, 7, 6, 4], [1, 5], [1, 8, 9, 10]], [1, 0, 1, 0]
    options = {"max_epochs": 2, "patience": 2, "batch_size": 2, "lr": 0.001}
    rig = {"shifts": [0.0, -1.0], "wobble": 0.0}
    seen = student.probe(
        run_training,
        *(build, student.train),
        *(0, settings, reviews, ([[1, 5, 6], [1, 8]], [0, 0]), options, rig),
    )
    train_loss, valid_loss = expect_history(seen["history"], epochs=2)
    assert all(0 < loss < 5 for loss in train_loss), (
        f"losses of an untrained model should be around 0.7, but train_loss is {train_loss}."
    )
    expected = torch.tensor([0.6931, 0.3133])
    assert torch.allclose(torch.tensor(valid_loss), expected, atol=1e-3), (
        "with a model that gives every validation review the logit 0 after the first epoch and -1 "
        "after the second, and with labels that are all 0, valid_loss should be [0.6931, 0.3133], "
        f"but is {[round(loss, 4) for loss in valid_loss]}."
    )
    assert read_safetensors(seen["file"]), "the checkpoint holds no tensors."

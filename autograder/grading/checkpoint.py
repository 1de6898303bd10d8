"""Reading a checkpoint that came with a hand-in: tensors and nothing else."""

from __future__ import annotations

import torch
from safetensors import SafetensorError
from safetensors.torch import load

from autograder.errors import UnreadableSubmission

MAX_TENSORS = 5_000


def read_checkpoint(data: bytes, name: str, max_mb: int) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file, by name.

    safetensors holds a JSON header and raw numbers, so reading one runs no code. Raises
    UnreadableSubmission, in words for the student, where the file is too large or anything else.
    """
    size = len(data) / 2**20
    if size > max_mb:
        raise UnreadableSubmission(
            f"the checkpoint is {size:.0f} MB large",
            where=name,
            remedy=f"At most {max_mb} MB are read: save the model's state_dict and nothing else.",
        )
    # Each tensor has two lists in the header. Counting them bounds what reading it takes: 200,000
    # empty tensors are 11 MB, and took 4 seconds and 270 MB of the grader's own memory.
    if data.count(b"[", 8, 8 + int.from_bytes(data[:8], "little")) > 2 * MAX_TENSORS:
        raise UnreadableSubmission(
            f"the checkpoint holds more than {MAX_TENSORS:,} tensors",
            where=name,
            remedy="Save the model's state_dict and nothing else.",
        )
    try:
        return load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise UnreadableSubmission(
            f"the checkpoint is not a safetensors file ({str(error)[:120]})",
            where=name,
            remedy="Write it with safetensors.torch.save_file(model.state_dict(), path).",
        ) from error

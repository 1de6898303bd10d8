"""Random inputs for hidden checks. No public check imports it, so no student gets it."""

from __future__ import annotations

import torch


def random_reviews(
    generator: torch.Generator, lengths: list[int], vocabulary: int, width: int | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Random ids and their mask, both (batch, width), with real tokens first.

    ``width`` is the longest length where it is not given. Any id below ``vocabulary`` may stand
    anywhere, under the padding, too: only the mask says what is real.
    """
    shape = (len(lengths), width or max(lengths))
    tokens = torch.randint(0, vocabulary, shape, generator=generator)
    return tokens, torch.arange(shape[1]).expand(shape) < torch.tensor(lengths)[:, None]

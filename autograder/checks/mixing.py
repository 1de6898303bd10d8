"""Whether the weights that a classifier shows are those that it mixes the words with.

A classifier's inside is free, so its parts can't be compared with a reference. But attention is
linear in its weights. While a parameter of zeros silences it, the gradient that would wake it is a
sum over the weights, each times what hangs on the words alone. So however queries and keys are
drawn, the right weights explain that gradient, and weights that were bent do not.
"""

from __future__ import annotations

from typing import Any

import torch


def gradients_by_weights(
    model: Any,
    tokens: torch.Tensor,
    longer: torch.Tensor,
    words: torch.Tensor,
    seed: int,
    draws: int,
) -> list[Any]:
    """A probe: what queries and keys that are drawn anew do to a model in eval mode.

    ``tokens`` (1, n) is a review, ``longer`` (1, m) another one, and ``words`` (batch, 1) are
    reviews of one word, all without padding. Returns for each matrix that silences the attention of
    one layer, and nothing else, a list of three: the maps of this layer and of those before it
    (draws, weights), those of the layers after it (draws, other weights) and the gradient of that
    matrix (draws, entries). The matrix of the values and that of the output do so; where neither
    stands alone, nothing is returned.

    What queries and keys are made of is known by three signs: it moves the logit of the review;
    not while attention is silent; and never that of a single word, which has all weight.
    """
    import torch

    parameters = [it for it in model.parameters() if it.requires_grad]
    generator = torch.Generator().manual_seed(seed)

    def logits(reviews: Any) -> Any:
        return model(reviews, torch.ones_like(reviews, dtype=torch.bool))

    def weights() -> list[Any]:
        maps = model.attention_maps(tokens, torch.ones_like(tokens, dtype=torch.bool))
        return [maps[layer].detach().flatten() for layer in range(len(maps))]

    def slopes(reviews: Any, wanted: list[Any]) -> list[Any]:
        total = (logits(reviews) * torch.arange(1.0, len(reviews) + 1)).sum()
        found = torch.autograd.grad(total, wanted, allow_unused=True)
        return [
            torch.zeros_like(it) if part is None else part
            for it, part in zip(wanted, found, strict=True)
        ]

    def still(reviews: Any) -> list[Any]:
        parts = slopes(reviews, parameters)
        most = max(float(part.abs().max()) for part in parts)
        return [part.abs() <= 1e-6 * most for part in parts]

    def scored_by(silent: Any) -> list[Any]:
        """Which entries of the parameters make queries and keys; all False where none do."""
        found = [
            ~moves & alone & asleep if it is not silent else torch.zeros_like(moves)
            for it, moves, alone, asleep in zip(
                parameters, still_in_review, still_alone, still(tokens), strict=True
            )
        ]
        if any(bool(part.any()) for part in found):
            # By chance a feature vanishes at each place of a review, and so does all of a later
            # layer that reads it: not at each place of the longer one, too.
            found = [part & asleep for part, asleep in zip(found, still(longer), strict=True)]
        # Else it silences the words, too, or it is one of queries and keys itself.
        speaks = float(logits(words).detach().std()) > 1e-4
        return found if speaks else []

    def layers_as_before() -> int:
        """How many layers show what they did before a matrix was silenced: its own is the last.

        What a layer mixes moves the maps of those after it alone.
        """
        pairs = zip(weights(), shown, strict=True)
        same = [torch.allclose(now, before) for now, before in pairs]
        return [*same, False].index(False)

    def rest(silent: Any) -> list[Any]:
        """What queries and keys have no part in."""
        return [*slopes(words, [silent]), logits(tokens).detach()]

    def draw(scored: list[Any]) -> None:
        with torch.no_grad():
            for it, part in zip(parameters, scored, strict=True):
                noise = 0.8 * torch.randn(it.shape, generator=generator).to(it)
                it.copy_(torch.where(part, noise, it))

    shown, still_in_review, still_alone = weights(), still(tokens), still(words)
    found = []
    # The gradient of a vector goes too few ways to show whether it is linear in the weights.
    for silent in [it for it in parameters if it.dim() > 1]:
        before = [it.detach().clone() for it in parameters]
        with torch.no_grad():
            silent.zero_()
        scored = scored_by(silent)
        if any(bool(part.any()) for part in scored) and (own := layers_as_before()):
            expected, seen = rest(silent), []
            for _ in range(draws):
                draw(scored)
                # Else an entry was at rest for another reason: a unit that was cut off, say.
                pairs = zip(rest(silent), expected, strict=True)
                if all(torch.allclose(*pair) for pair in pairs):
                    maps = weights()
                    later = torch.cat([maps[0][:0], *maps[own:]])
                    slope = slopes(tokens, [silent])[0].flatten()
                    seen.append([torch.cat(maps[:own]), later, slope])
            if len(seen) == draws:
                found.append([torch.stack(parts) for parts in zip(*seen, strict=True)])
        with torch.no_grad():
            for it, old in zip(parameters, before, strict=True):
                it.copy_(old)
    return found


def expect_weights_that_mix(found: list[Any], free: int) -> None:
    """Demand that weights explain gradients, as `gradients_by_weights` returns both.

    ``free`` is the number of weights of a layer that can change by themselves: of each row all but
    one. A gradient that goes more ways is not linear in any weights and says nothing of them, as
    where what was mixed is normalised before the output; nor does one that hardly changes, as where
    something else than the attention was silenced; nor one of which so few entries change that no
    more ways are left, as where a gain scales what was normalised. Raises AssertionError.
    """
    for weights, later, gradients in found:
        changes = gradients.double() - gradients.double().mean(0)
        # Right solutions: 0.005 and more, mostly 0.1 to 1; elsewhere 0.0003 at most.
        if changes.norm() < 0.002 * gradients.norm():
            continue
        moving = changes.abs().amax(0) > 5e-3 * changes.abs().max()
        if moving.sum() <= free:
            continue
        sizes = torch.linalg.svdvals(changes)
        # Rounding leaves 5e-6. What is not linear may hide all but 1e-4 of it in few ways, where a
        # gradient hardly reaches one of two words.
        if (sizes[free:] > 3e-5 * sizes[0]).any():
            continue
        weights = weights.double() - weights.double().mean(0)
        # Without keys the queries are at rest, too; then it is a later layer that was silenced, and
        # the maps before it move by 0.01 at most. Else the last of these moves, by 1 and more.
        if later.numel() and weights.norm() < 0.2:
            continue
        # Nothing that was mixed reaches the layers after it. Where their maps move, their own
        # queries and keys were drawn, too, as part of a table of all layers; what they then show is
        # not linear in the weights before them, as a product with these is.
        later = later.double() - later.double().mean(0)
        if later.norm() > 0.1 * weights.norm():
            assert _unexplained(later, weights) > 0.1, (
                "the map of a layer shows the queries and keys of a layer before it, too"
            )
            continue
        # Rounding leaves 1e-6. Whatever else was drawn, it was not the layer's own alone.
        if later.norm() > 1e-5 * weights.norm():
            continue
        # Rounding leaves 5e-6 of the changes, a missing scale 0.06 and more.
        assert _unexplained(changes, weights) <= 0.01, (
            "the maps are not the weights that forward mixes the words with"
        )


def _unexplained(changes: torch.Tensor, weights: torch.Tensor) -> float:
    """The part of changes (draws, any) that is not linear in the weights (draws, weights)."""
    fit = weights @ torch.linalg.lstsq(weights, changes, driver="gelsd").solution
    return float((changes - fit).norm() / changes.norm())

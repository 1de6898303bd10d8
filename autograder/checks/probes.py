"""Probes: functions that run on the student's side and return what they saw there.

Each is shipped as source: its imports stand inside it, and it holds no secret and no verdict.
"""

from __future__ import annotations

from typing import Any


def call_and_arguments(function: Any, *args: Any, **kwargs: Any) -> list[Any]:
    """What the function returns, and its positional arguments as they are after the call."""
    return [function(*args, **kwargs), list(args)]


def torch_functions(word: str, function: Any, *args: Any) -> list[str]:
    """The functions of torch with ``word`` in their names that a call goes through, sorted."""
    from torch.overrides import TorchFunctionMode

    seen = set()

    class Watch(TorchFunctionMode):
        def __torch_function__(
            self, called: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            name = getattr(called, "__name__", "")
            if word in name.lower():
                seen.add(name)
            return called(*args, **(kwargs or {}))

    with Watch():
        function(*args)
    return sorted(seen)


def uses_of_weights(model: Any, *inputs: Any) -> list[int]:
    """How often each parameter of a model is multiplied or normalised with in one call.

    Looking a parameter up, as embeddings do, is no use.
    """
    from torch.overrides import TorchFunctionMode

    uses = {id(parameter): 0 for parameter in model.parameters()}
    names = {"linear", "layer_norm", "matmul", "__matmul__", "__rmatmul__", "bmm", "addmm"}
    names |= {"multi_head_attention_forward"}

    class Watch(TorchFunctionMode):
        def __torch_function__(
            self, called: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if getattr(called, "__name__", "") in names:
                for key in {id(it) for it in [*args, *(kwargs or {}).values()]} & uses.keys():
                    uses[key] += 1
            return called(*args, **(kwargs or {}))

    with Watch():
        model(*inputs)
    return list(uses.values())


def gradients(function: Any, inputs: list[Any], directions: Any, *others: Any) -> list[Any]:
    """Gradients of ``(function(*inputs, *others)[0] * directions).sum()`` for each input.

    None where no gradient arrives. ``directions`` has the shape of the first result.
    """
    leaves = [value.clone().requires_grad_() for value in inputs]
    output = function(*leaves, *others)[0]
    if output.requires_grad:
        (output * directions).sum().backward()
    return [leaf.grad for leaf in leaves]


def gradients_of_all(function: Any, inputs: list[Any], *others: Any) -> list[Any]:
    """Gradients of the sum of all that the function returns, for each input; None where none."""
    leaves = [value.clone().requires_grad_() for value in inputs]
    total = sum(part.sum() for part in function(*leaves, *others))
    if getattr(total, "requires_grad", False):
        total.backward()
    return [leaf.grad for leaf in leaves]


def parameter_gradients(model: Any, directions: Any, *args: Any) -> dict[str, Any]:
    """Gradients of ``(model(*args) * directions).sum()`` by parameter name; None where none.

    Of a model that returns a tuple the first part counts.
    """
    model.zero_grad(set_to_none=True)
    output = model(*args)
    if isinstance(output, (tuple, list)):
        output = output[0]
    if output.requires_grad:
        (output * directions).sum().backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def count_parameters(model: Any) -> int:
    """The number of numbers, shared ones counted once, frozen ones, too."""
    return sum(parameter.numel() for parameter in model.parameters())


def layers_of_torch(model: Any) -> list[str]:
    """The classes of torch.nn that the model and its parts are of or inherit from, sorted."""
    kinds = {kind for module in model.modules() for kind in type(module).__mro__}
    return sorted(kind.__name__ for kind in kinds if kind.__module__.startswith("torch.nn."))


def modes(model: Any) -> list[bool]:
    """Whether each module in the model is in train mode."""
    return [module.training for module in model.modules()]


def shaken(build: Any, seed: int, scale: float, settings: dict[str, Any]) -> Any:
    """A model built with these settings, with normal noise of that scale on every parameter.

    Zero-initialised parts (a last layer, learned positions) are right; the noise makes them speak,
    and makes layers and heads differ that start alike.
    """
    import torch

    torch.manual_seed(seed)
    model = build(**settings)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(scale * torch.randn(parameter.shape).to(parameter))
    return model


def tensor_facts(function: Any, *args: Any) -> list[Any]:
    """The tensor that a function returns, and whether it asks for a gradient."""
    value = function(*args)
    return [value, getattr(value, "requires_grad", None)]


def logits_in_batches(model: Any, tokens: Any, mask: Any, size: int) -> Any:
    """The model's logits in eval mode, (batch,), computed ``size`` reviews at a time."""
    import torch

    model.eval()
    with torch.no_grad():
        parts = [
            model(tokens[start : start + size], mask[start : start + size])
            for start in range(0, len(tokens), size)
        ]
    return torch.cat([part.reshape(-1) for part in parts])


def effects_of_parameters(model: Any, tokens: Any, mask: Any, seed: int, scale: float) -> Any:
    """How far each parameter moves the logits, and how far the attention maps.

    Every parameter in turn gets normal noise of that scale, and its old value back. Returns a list
    of [name, largest change of the logits, largest change of the maps].
    """
    import torch

    def observe() -> Any:
        maps = model.attention_maps(tokens, mask)
        return model(tokens, mask), torch.stack([maps[index] for index in range(len(maps))])

    real = mask[None, :, None, :, None]
    generator = torch.Generator().manual_seed(seed)
    effects = []
    with torch.no_grad():
        model.eval()
        logits, maps = observe()
        for name, parameter in model.named_parameters():
            old = parameter.clone()
            parameter.add_(scale * torch.randn(parameter.shape, generator=generator))
            new_logits, new_maps = observe()
            parameter.copy_(old)
            change = ((new_maps - maps) * real).nan_to_num(0.0).abs().max()
            effects.append([name, float((new_logits - logits).abs().max()), float(change)])
    return effects

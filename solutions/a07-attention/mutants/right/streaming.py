"""Attention in blocks of keys with a running maximum (an online softmax, as in FlashAttention); a
mask added as a number; sines by cumulative products; a gated feed-forward block without biases."""

# %% q3_1
from itertools import islice, zip_longest


def pad_batch(sequences, max_len, pad_id=0):
    missing = object()
    columns = list(zip_longest(*(islice(s, max_len) for s in sequences), fillvalue=missing))
    mask = torch.tensor([[item is not missing for item in column] for column in columns]).T
    ids = [[pad_id if item is missing else item for item in column] for column in columns]
    return torch.tensor(ids, dtype=torch.long).T.contiguous(), mask.contiguous()


# %% q3_2
def scaled_dot_product_attention(query, key, value, mask=None, block=2):
    m = key.shape[2]
    shape = (*query.shape[:3], m)
    allowed = torch.ones(shape, dtype=torch.bool) if mask is None else mask.expand(shape)
    floor = torch.finfo(query.dtype).min / 4
    top = torch.full((*shape[:3], 1), floor, dtype=query.dtype)
    total = torch.zeros_like(top)
    output = torch.zeros(*shape[:3], value.shape[3], dtype=value.dtype)
    scores = []
    for start in range(0, m, block):
        chosen = slice(start, start + block)
        some = query @ key[:, :, chosen].transpose(2, 3) * query.shape[3] ** -0.5
        some = torch.where(allowed[..., chosen], some, floor)
        scores.append(some)
        new = torch.maximum(top, some.amax(-1, keepdim=True)).detach()
        powers = (some - new).exp() * allowed[..., chosen]
        shrink = (top - new).exp()
        total = total * shrink + powers.sum(-1, keepdim=True)
        output = output * shrink + powers @ value[:, :, chosen]
        top = new
    total = total + (total == 0)
    weights = (torch.cat(scores, dim=-1) - top).exp() * allowed / total
    return output / total, weights


# %% q3_4
def positional_encoding(length, d_model):
    ratio = 10000.0 ** (-2 / d_model)
    pairs = (d_model + 1) // 2
    speeds = torch.cumprod(torch.tensor([1.0] + [ratio] * (pairs - 1), dtype=torch.float64), 0)
    angles = torch.outer(torch.arange(length, dtype=torch.float64), speeds)
    both = torch.cat((angles.sin()[..., None], angles.cos()[..., None]), dim=2)
    return both.reshape(length, 2 * pairs)[:, :d_model].float()


# %% q3_5
class GatedLayer(nn.Module):
    def __init__(self, d_model, num_heads, d_ff, dropout):
        super().__init__()
        self.shape = (num_heads, d_model // num_heads)
        self.into = nn.Parameter(torch.empty(3, num_heads, d_model, d_model // num_heads))
        self.out = nn.Parameter(torch.empty(num_heads, d_model // num_heads, d_model))
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.up = nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)
        self.norms = nn.ModuleList([nn.LayerNorm(d_model), nn.LayerNorm(d_model)])
        self.drop = nn.Dropout(dropout)
        nn.init.normal_(self.into, std=d_model**-0.5)
        nn.init.normal_(self.out, std=d_model**-0.5)

    def forward(self, x, bias):
        y = self.norms[0](x)
        q, k, v = (torch.einsum("bnd,hde->bhne", y, part) for part in self.into)
        weights = torch.softmax(q @ k.mT / self.shape[1] ** 0.5 + bias, dim=-1)
        x = x + self.drop(torch.einsum("bhne,hed->bnd", weights @ v, self.out))
        y = self.norms[1](x)
        return x + self.drop(self.down(F.silu(self.gate(y)) * self.up(y))), weights


class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.embedding = nn.EmbeddingBag(vocab_size, d_model).requires_grad_(True)
        self.layers = nn.ModuleList(
            GatedLayer(d_model, num_heads, d_ff, dropout) for _ in range(num_layers)
        )
        self.register_buffer("places", positional_encoding(max_len, d_model), persistent=True)
        self.norm = nn.LayerNorm(d_model)
        self.logit = nn.Linear(d_model, 1)
        self.drop = nn.Dropout(dropout)

    def run(self, tokens, mask):
        # A bag of one word each is an embedding.
        x = self.embedding(tokens.reshape(-1, 1)).view(*tokens.shape, -1)
        x = self.drop(x + self.places[: tokens.shape[1]])
        bias = torch.zeros(mask.shape).masked_fill(~mask, -1e9)[:, None, None]
        maps = ()
        for layer in self.layers:
            x, weights = layer(x, bias)
            maps += (weights,)
        return self.norm(x), maps

    def forward(self, tokens, mask):
        x, _ = self.run(tokens, mask)
        counts = mask.sum(-1, keepdim=True).to(x)
        pooled = torch.einsum("bn,bnd->bd", mask.to(x), x) / counts
        return self.logit(pooled).reshape(len(tokens))

    def attention_maps(self, tokens, mask):
        mode = self.training
        self.train(False)
        maps = self.run(tokens, mask)[1]
        self.train(mode)
        return torch.stack(maps)


# %% q3_6
def train(
    model,
    train_set,
    valid_set,
    max_epochs=4,
    patience=2,
    checkpoint="a07.safetensors",
    batch_size=64,
    lr=1e-3,
):
    """A closure for each step, a warm-up, and the checkpoint written again and again."""
    optimizer = torch.optim.Adam(
        [{"params": list(model.parameters()), "lr": lr}], betas=(0.9, 0.99), eps=1e-9
    )
    warm_up = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1.0, total_iters=1)

    def loss_of(pairs):
        sequences, labels = zip(*pairs)
        logits = model(*pad_batch(sequences, max_len=128))
        signs = 2 * torch.tensor(labels, dtype=logits.dtype) - 1
        return -F.logsigmoid(signs * logits)

    losses, valid_losses = [], []
    pairs, valid_pairs = list(zip(*train_set)), list(zip(*valid_set))
    best_epoch = -1
    for epoch in range(max_epochs):
        model.train()
        order = torch.randperm(len(pairs)).tolist()
        seen = []
        while order:
            batch = [pairs[order.pop()] for _ in range(min(batch_size, len(order)))]

            def closure(batch=batch, seen=seen):
                optimizer.zero_grad()
                each = loss_of(batch)
                each.mean().backward()
                seen.extend(each.detach().tolist())
                return each.mean()

            optimizer.step(closure)
        warm_up.step()
        model.eval()
        with torch.no_grad():
            valid = torch.cat(
                [loss_of(valid_pairs[i : i + 97]) for i in range(0, len(valid_pairs), 97)]
            )
        losses.append(math.fsum(seen) / len(seen))
        valid_losses.append(valid.double().mean().item())
        if best_epoch < 0 or valid_losses[-1] < valid_losses[best_epoch]:
            best_epoch = epoch
            save_file(
                {name: part.contiguous() for name, part in model.state_dict().items()}, checkpoint
            )
        elif epoch - best_epoch >= patience:
            break
    model.load_state_dict(load_file(checkpoint), strict=True)
    return {"train_loss": losses, "valid_loss": valid_losses}

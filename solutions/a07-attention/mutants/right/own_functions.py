"""Everything by hand: a softmax, a layer normalisation and an Adam of its own; gradients by
torch.autograd.grad; projections for each head inside the classifier; words written as text."""


# %% q3_2
def softmax(scores, allowed):
    """Over the last axis; zero where nothing is allowed."""
    top = torch.where(allowed, scores, torch.finfo(scores.dtype).min).max(-1, keepdim=True).values
    powers = torch.where(allowed, torch.exp(torch.where(allowed, scores - top, 0)), 0)
    total = powers.sum(-1, keepdim=True)
    return powers / torch.where(total == 0, 1, total)


def scaled_dot_product_attention(query, key, value, mask=None):
    scores = (query.unsqueeze(-2) * key.unsqueeze(-3)).sum(-1) / math.sqrt(key.shape[-1])
    allowed = torch.tensor(True) if mask is None else mask
    weights = softmax(scores, torch.broadcast_to(allowed, scores.shape))
    return (weights.unsqueeze(-1) * value.unsqueeze(-3)).sum(-2), weights


# %% q3_5
class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        centred = x - x.mean(-1, keepdim=True)
        return (
            self.gain * centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
            + self.shift
        )


class Head(nn.Module):
    def __init__(self, d_model, width):
        super().__init__()
        self.query = nn.Linear(d_model, width, bias=False)
        self.key = nn.Linear(d_model, width, bias=False)
        self.value = nn.Linear(d_model, width, bias=False)

    def forward(self, x, mask):
        query, key, value = self.query(x), self.key(x), self.value(x)
        scores = query @ key.mT / math.sqrt(key.shape[-1])
        weights = softmax(scores, mask[:, None].expand_as(scores))
        return weights @ value, weights


class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        width = d_model // num_heads
        self.words = nn.Parameter(torch.randn(vocab_size, d_model) / 10)
        self.places = nn.Embedding(max_len, d_model)
        self.heads = nn.ModuleList(
            nn.ModuleList(Head(d_model, width) for _ in range(num_heads)) for _ in range(num_layers)
        )
        self.joins = nn.ModuleList(nn.Linear(num_heads * width, d_model) for _ in range(num_layers))
        self.ups = nn.ModuleList(nn.Linear(d_model, d_ff) for _ in range(num_layers))
        self.downs = nn.ModuleList(nn.Linear(d_ff, d_model) for _ in range(num_layers))
        self.norms = nn.ModuleList(Norm(d_model) for _ in range(2 * num_layers))
        self.logit = nn.Linear(d_model, 1)
        self.p = dropout

    def drop(self, x):
        if not self.training or self.p == 0:
            return x
        return x * (torch.rand(x.shape) >= self.p) / (1 - self.p)

    def run(self, tokens, mask):
        x = self.words[tokens] + self.places.weight[: tokens.shape[1]]
        maps = []
        for layer, heads in enumerate(self.heads):
            outputs, weights = zip(*(head(x, mask) for head in heads), strict=True)
            maps.append(torch.stack(weights, dim=1))
            x = self.norms[2 * layer](x + self.drop(self.joins[layer](torch.cat(outputs, -1))))
            inner = torch.relu(self.ups[layer](x))
            x = self.norms[2 * layer + 1](x + self.drop(self.downs[layer](inner)))
        weight = mask.float() / mask.float().sum(1, keepdim=True)
        return self.logit(torch.bmm(weight[:, None], x)[:, 0]).flatten(), maps

    def forward(self, tokens, mask):
        return self.run(tokens, mask)[0]

    def attention_maps(self, tokens, mask):
        mode, self.training = self.training, False
        with torch.inference_mode():
            maps = self.run(tokens, mask)[1]
        self.training = mode
        return maps


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
    parameters = [part for part in model.parameters() if part.requires_grad]
    first = [torch.zeros_like(part) for part in parameters]
    second = [torch.zeros_like(part) for part in parameters]
    steps = 0

    def loss_of(sequences, labels):
        tokens, mask = pad_batch(sequences, 128)
        logits, labels = model(tokens, mask), torch.tensor(labels).float()
        return (F.softplus(logits) - labels * logits).mean()

    history = {"train_loss": [], "valid_loss": []}
    since = 0
    for epoch in range(max_epochs):
        pairs = [(train_set[0][i], train_set[1][i]) for i in torch.randperm(len(train_set[0]))]
        model.train()
        total = 0.0
        while pairs:
            batch, pairs = pairs[:batch_size], pairs[batch_size:]
            loss = loss_of([pair[0] for pair in batch], [pair[1] for pair in batch])
            gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
            steps += 1
            with torch.no_grad():
                for part, gradient, m, v in zip(parameters, gradients, first, second, strict=True):
                    if gradient is None:
                        continue
                    m += 0.1 * (gradient - m)
                    v += 0.001 * (gradient**2 - v)
                    part -= lr * (m / (1 - 0.9**steps)) / ((v / (1 - 0.999**steps)).sqrt() + 1e-8)
            total += loss.item() * len(batch)
        history["train_loss"] += [total / len(train_set[0])]
        model.eval()
        with torch.inference_mode():
            loss = loss_of(list(valid_set[0]), list(valid_set[1])).item()
        if all(loss < other for other in history["valid_loss"]):
            save_file(model.state_dict(), checkpoint)
            since = epoch
        history["valid_loss"] += [loss]
        if epoch - since == patience:
            break
    model.load_state_dict(load_file(checkpoint))
    model.train()
    return history


# %% q3_8
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    """No ticks: the words are written beside the picture."""
    limit = min(limit, len(words))
    ids = torch.as_tensor(tokens).reshape(1, -1)
    weights = model.attention_maps(ids, torch.full_like(ids, True, dtype=torch.bool))[layer][0][
        head
    ]
    weights = weights[:limit, :limit].cpu().numpy().copy()
    figure = Figure(figsize=(9, 9))
    axes = figure.add_axes((0.2, 0.2, 0.7, 0.7))
    axes.imshow(weights, extent=(0, limit, limit, 0))
    axes.set_axis_off()
    for place, word in enumerate(words[:limit]):
        axes.text(place + 0.5, -0.2, word, rotation=90, va="bottom", ha="center")
        axes.text(-0.2, place + 0.5, word, va="center", ha="right")
    return figure, weights

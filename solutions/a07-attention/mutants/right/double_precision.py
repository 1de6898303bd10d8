"""Everything in float64: attention gives back doubles, so does the positional encoding, and the
whole classifier is turned to double; batches by index tensors; the best weights kept as bytes."""


# %% q3_1
def pad_batch(sequences, max_len, pad_id=0):
    lengths = torch.as_tensor([len(sequence) for sequence in sequences]).clamp(max=max_len)
    tokens = torch.empty(len(sequences), int(lengths.amax()), dtype=torch.int64).fill_(pad_id)
    mask = torch.zeros(tokens.shape).bool()
    for i in range(len(sequences)):
        for j in range(int(lengths[i])):
            tokens[i, j] = sequences[i][j]
            mask[i, j] = True
    return tokens, mask


# %% q3_2
def scaled_dot_product_attention(query, key, value, mask=None):
    query, key, value = query.to(torch.float64), key.to(torch.float64), value.to(torch.float64)
    scores = torch.matmul(query, key.mT).div(math.sqrt(query.size(-1)))
    if mask is None:
        return torch.matmul(scores.softmax(-1), value), scores.softmax(-1)
    nothing = torch.logical_not(mask).all(dim=-1, keepdim=True)
    scores = scores.masked_fill(torch.logical_not(mask), -math.inf).masked_fill(nothing, 0.0)
    weights = scores.softmax(-1).masked_fill(nothing, 0.0)
    return torch.matmul(weights, value), weights


# %% q3_3
class MultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.d_k = d_model // num_heads
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.output = nn.Linear(d_model, d_model)

    def forward(self, x, mask):
        heads = [
            torch.stack(part(x).split(self.d_k, dim=-1), dim=1)
            for part in (self.query, self.key, self.value)
        ]
        attended, weights = scaled_dot_product_attention(*heads, mask[:, None, None])
        joined = torch.cat(attended.unbind(dim=1), dim=-1)
        return self.output(joined.to(x.dtype)), weights


# %% q3_4
def positional_encoding(length, d_model):
    position = torch.arange(length, dtype=torch.float64).view(-1, 1)
    column = torch.arange(d_model)
    angle = position / torch.pow(10000.0, (column - column % 2).double() / d_model)
    return torch.sin(angle + math.pi / 2 * (column % 2))


# %% q3_5
class DoubleLayer(nn.Module):
    def __init__(self, d_model, num_heads, d_ff, dropout):
        super().__init__()
        self.h = num_heads
        self.project = nn.Linear(d_model, 3 * d_model)
        self.join = nn.Linear(d_model, d_model)
        self.before = nn.LayerNorm(d_model)
        self.after = nn.LayerNorm(d_model)
        self.wide = nn.Linear(d_model, d_ff)
        self.narrow = nn.Linear(d_ff, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask):
        parts = self.project(self.before(x)).chunk(3, dim=-1)
        heads = [torch.stack(part.chunk(self.h, dim=-1), dim=1) for part in parts]
        output, weights = scaled_dot_product_attention(*heads, mask[:, None, None, :])
        x = x + self.dropout(self.join(torch.cat(output.unbind(dim=1), dim=-1)))
        return x + self.dropout(self.narrow(self.wide(self.after(x)).relu())), weights


class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.places = nn.Parameter(positional_encoding(max_len, d_model))
        self.layers = nn.ModuleList(
            [DoubleLayer(d_model, num_heads, d_ff, dropout) for _ in range(num_layers)]
        )
        self.head = nn.Linear(d_model, 1)
        self.dropout = nn.Dropout(dropout)
        self.double()

    def steps(self, tokens, mask):
        x = self.dropout(self.embedding(tokens) + self.places[: tokens.shape[-1]])
        for layer in self.layers:
            x, weights = layer(x, mask)
            yield x, weights

    def forward(self, tokens, mask):
        *_, (x, _) = self.steps(tokens, mask)
        mean = (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return self.head(mean)[..., 0]

    def attention_maps(self, tokens, mask):
        mode = self.training
        with torch.no_grad():
            maps = [weights for _, weights in self.eval().steps(tokens, mask)]
        self.train(mode)
        return maps


# %% q3_6
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes


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
    def total_loss(reviews, chosen):
        tokens, mask = pad_batch([reviews[0][i] for i in chosen], 128)
        logits = model(tokens, mask)
        target = torch.tensor([reviews[1][i] for i in chosen]).to(logits)
        return F.binary_cross_entropy_with_logits(logits, target, reduction="sum")

    optimizer = torch.optim.Adam(model.parameters(), lr=lr, amsgrad=True)
    history = {"train_loss": [], "valid_loss": []}
    best = b""
    waited = 0
    while len(history["train_loss"]) < max_epochs and waited < patience:
        model.train()
        total = 0.0
        for chosen in torch.randperm(len(train_set[0])).split(batch_size):
            loss = total_loss(train_set, chosen.tolist())
            optimizer.zero_grad()
            (loss / len(chosen)).backward()
            optimizer.step()
            total += loss.item()
        model.eval()
        with torch.no_grad():
            parts = torch.arange(len(valid_set[0])).split(200)
            valid = sum(float(total_loss(valid_set, part.tolist())) for part in parts)
        valid /= len(valid_set[0])
        if valid < min(history["valid_loss"], default=math.inf):
            best = to_bytes(model.state_dict())
            waited = 0
        else:
            waited += 1
        history["train_loss"].append(total / len(train_set[0]))
        history["valid_loss"].append(valid)
    Path(checkpoint).write_bytes(best)
    model.load_state_dict(from_bytes(best))
    return history

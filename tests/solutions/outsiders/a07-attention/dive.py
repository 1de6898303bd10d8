"""In the manner of Dive into Deep Learning: valid lengths, a masked softmax over rows, AddNorm after
each block, attention weights kept by the layers."""

# %% q3_1
def truncate_pad(line, num_steps, padding_token):
    if len(line) > num_steps:
        return line[:num_steps]
    return list(line) + [padding_token] * (num_steps - len(line))


def pad_batch(sequences, max_len, pad_id=0):
    num_steps = min(max_len, max(len(line) for line in sequences))
    array = torch.tensor([truncate_pad(line, num_steps, pad_id) for line in sequences])
    valid_len = torch.tensor([len(line) for line in sequences]).clamp(max=num_steps)
    return array, torch.arange(num_steps)[None, :] < valid_len[:, None]


# %% q3_2
def masked_softmax(X, mask):
    if mask is None:
        return nn.functional.softmax(X, dim=-1)
    shape = X.shape
    mask = mask.expand(shape).reshape(-1, shape[-1])
    X = X.reshape(-1, shape[-1]).clone()
    nothing = ~mask.any(dim=1)
    X[~mask] = float("-inf")
    X[nothing] = 0.0
    weights = nn.functional.softmax(X, dim=-1).masked_fill(nothing[:, None], 0.0)
    return weights.reshape(shape)


def scaled_dot_product_attention(query, key, value, mask=None):
    batch, heads = query.shape[:2]
    d = query.shape[-1]
    scores = torch.bmm(query.flatten(0, 1), key.flatten(0, 1).transpose(1, 2)) / math.sqrt(d)
    weights = masked_softmax(scores.unflatten(0, (batch, heads)), mask)
    output = torch.bmm(weights.flatten(0, 1), value.flatten(0, 1))
    return output.unflatten(0, (batch, heads)), weights


# %% q3_3
def transpose_qkv(X, num_heads):
    X = X.reshape(X.shape[0], X.shape[1], num_heads, -1)
    X = X.permute(0, 2, 1, 3)
    return X.reshape(-1, X.shape[2], X.shape[3])


def transpose_output(X, num_heads):
    X = X.reshape(-1, num_heads, X.shape[1], X.shape[2])
    X = X.permute(0, 2, 1, 3)
    return X.reshape(X.shape[0], X.shape[1], -1)


class MultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads, bias=True):
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(d_model, d_model, bias=bias)
        self.key = nn.Linear(d_model, d_model, bias=bias)
        self.value = nn.Linear(d_model, d_model, bias=bias)
        self.output = nn.Linear(d_model, d_model, bias=bias)

    def forward(self, X, mask):
        valid_lens = torch.repeat_interleave(mask.sum(dim=1), repeats=self.num_heads, dim=0)
        queries = transpose_qkv(self.query(X), self.num_heads)
        keys = transpose_qkv(self.key(X), self.num_heads)
        values = transpose_qkv(self.value(X), self.num_heads)
        scores = torch.bmm(queries, keys.transpose(1, 2)) / math.sqrt(queries.shape[-1])
        beyond = torch.arange(X.shape[1])[None, None] >= valid_lens[:, None, None]
        weights = nn.functional.softmax(scores.masked_fill(beyond, -1e6), dim=-1)
        output = transpose_output(torch.bmm(weights, values), self.num_heads)
        return self.output(output), weights.reshape(len(X), self.num_heads, *scores.shape[1:])


# %% q3_4
def positional_encoding(length, d_model):
    num_hiddens = d_model + d_model % 2
    P = torch.zeros((1, length, num_hiddens))
    X = torch.arange(length, dtype=torch.float32).reshape(-1, 1) / torch.pow(
        10000, torch.arange(0, num_hiddens, 2, dtype=torch.float32) / d_model
    )
    P[:, :, 0::2] = torch.sin(X)
    P[:, :, 1::2] = torch.cos(X)
    return P[0, :, :d_model]


# %% q3_5
class PositionWiseFFN(nn.Module):
    def __init__(self, ffn_num_hiddens, ffn_num_outputs):
        super().__init__()
        self.dense1 = nn.LazyLinear(ffn_num_hiddens)
        self.relu = nn.ReLU()
        self.dense2 = nn.LazyLinear(ffn_num_outputs)

    def forward(self, X):
        return self.dense2(self.relu(self.dense1(X)))


class AddNorm(nn.Module):
    def __init__(self, norm_shape, dropout):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(norm_shape)

    def forward(self, X, Y):
        return self.ln(self.dropout(Y) + X)


class TransformerEncoderBlock(nn.Module):
    def __init__(self, num_hiddens, ffn_num_hiddens, num_heads, dropout):
        super().__init__()
        self.attention = MultiHeadSelfAttention(num_hiddens, num_heads)
        self.addnorm1 = AddNorm(num_hiddens, dropout)
        self.ffn = PositionWiseFFN(ffn_num_hiddens, num_hiddens)
        self.addnorm2 = AddNorm(num_hiddens, dropout)

    def forward(self, X, mask):
        attended, self.attention_weights = self.attention(X, mask)
        Y = self.addnorm1(X, attended)
        return self.addnorm2(Y, self.ffn(Y))


class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.num_hiddens = d_model
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.embedding.weight.data.normal_(0, d_model**-0.5)
        self.P = positional_encoding(max_len, d_model).unsqueeze(0)
        self.dropout = nn.Dropout(dropout)
        self.blks = nn.Sequential()
        for i in range(num_layers):
            self.blks.add_module(
                "block" + str(i), TransformerEncoderBlock(d_model, d_ff, num_heads, dropout)
            )
        self.decoder = nn.Linear(d_model, 1)
        self.eval()
        with torch.no_grad():  # lazy layers learn their sizes
            self(torch.zeros(1, 2, dtype=torch.long), torch.ones(1, 2, dtype=torch.bool))
        self.train()

    def forward(self, tokens, mask):
        X = self.embedding(tokens) * math.sqrt(self.num_hiddens)
        X = self.dropout(X + self.P[:, : X.shape[1], :].to(X.device))
        self._attention_weights = [None] * len(self.blks)
        for i, blk in enumerate(self.blks):
            X = blk(X, mask)
            self._attention_weights[i] = blk.attention_weights
        X = torch.stack([row[real].mean(dim=0) for row, real in zip(X, mask)])
        return self.decoder(X)[:, 0]

    def attention_maps(self, tokens, mask):
        was = self.training
        self.eval()
        with torch.no_grad():
            self(tokens, mask)
        if was:
            self.train()
        return self._attention_weights


# %% q3_6
class Accumulator:
    def __init__(self, n):
        self.data = [0.0] * n

    def add(self, *args):
        self.data = [a + float(b) for a, b in zip(self.data, args)]

    def __getitem__(self, idx):
        return self.data[idx]


def evaluate(net, loss, data, batch_size):
    net.eval()
    metric = Accumulator(2)
    with torch.no_grad():
        for i in range(0, len(data[0]), batch_size):
            X, mask = pad_batch(data[0][i : i + batch_size], 128)
            y = torch.tensor(data[1][i : i + batch_size], dtype=torch.float32)
            metric.add(loss(net(X, mask=mask), y).sum(), y.numel())
    return metric[0] / metric[1]


def train(
    model, train_set, valid_set, max_epochs=4, patience=2, checkpoint="a07.safetensors",
    batch_size=64, lr=1e-3,
):  # fmt: skip
    loss = nn.BCEWithLogitsLoss(reduction="none")
    trainer = torch.optim.Adam(model.parameters(), lr=lr)
    train_losses, valid_losses = [], []
    for epoch in range(max_epochs):
        model.train()
        metric = Accumulator(2)
        indices = list(range(len(train_set[0])))
        np.random.shuffle(indices)
        for i in range(0, len(indices), batch_size):
            rows = indices[i : i + batch_size]
            X, mask = pad_batch([train_set[0][j] for j in rows], 128)
            y = torch.tensor([train_set[1][j] for j in rows], dtype=torch.float32)
            trainer.zero_grad()
            l = loss(model(X, mask=mask), y)
            l.mean().backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5)
            trainer.step()
            metric.add(l.sum(), l.numel())
        train_losses.append(metric[0] / metric[1])
        valid_losses.append(evaluate(model, loss, valid_set, batch_size))
        best = int(np.argmin(valid_losses))
        if best == epoch:
            save_file(model.state_dict(), checkpoint)
        if epoch - best == patience:
            break
    model.load_state_dict(load_file(checkpoint))
    return {"train_loss": train_losses, "valid_loss": valid_losses}


# %% q3_8
def show_heatmaps(matrix, labels):
    fig, axes = plt.subplots(1, 1, figsize=(5, 5), squeeze=False)
    pcm = axes[0, 0].imshow(matrix, cmap="Reds")
    axes[0, 0].set_xlabel("Keys")
    axes[0, 0].set_ylabel("Queries")
    axes[0, 0].set_xticks(np.arange(len(labels)))
    axes[0, 0].set_xticklabels(labels, rotation=45, ha="right")
    axes[0, 0].set_yticks(np.arange(len(labels)))
    axes[0, 0].set_yticklabels(labels)
    fig.colorbar(pcm, ax=axes, shrink=0.6)
    return fig


def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    n = min(limit, len(tokens))
    X, mask = pad_batch([tokens], len(tokens))
    weights = model.attention_maps(X, mask)[layer][0][head].numpy()
    return show_heatmaps(weights[:n, :n], words[:n]), weights[:n, :n].copy()

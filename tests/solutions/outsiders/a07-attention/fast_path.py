"""nn.TransformerEncoder as it comes, with its nested tensors, which drop the padding of a batch;
maps by its own layers; sequences first elsewhere; the best model kept as a copy."""

# %% q3_1
def pad_batch(sequences, max_len, pad_id=0):
    n = min(max_len, max(len(s) for s in sequences))
    tokens = np.full((len(sequences), n), pad_id)
    mask = np.zeros(tokens.shape, dtype=bool)
    for i, s in enumerate(sequences):
        s = s[:n]
        tokens[i, : len(s)] = s
        mask[i, : len(s)] = True
    return torch.from_numpy(tokens).long(), torch.from_numpy(mask)


# %% q3_3
class MultiHeadSelfAttention(nn.Module):
    """Sequences first inside, heads in the batch."""

    def __init__(self, d_model, num_heads):
        super(MultiHeadSelfAttention, self).__init__()
        self.h = num_heads
        self.add_module("query", nn.Linear(d_model, d_model))
        self.add_module("key", nn.Linear(d_model, d_model))
        self.add_module("value", nn.Linear(d_model, d_model))
        self.add_module("output", nn.Linear(d_model, d_model))

    def forward(self, x, mask):
        x = x.permute(1, 0, 2)
        n, b, d = x.size()
        heads = lambda t: t.contiguous().view(n, b * self.h, d // self.h).transpose(0, 1)
        q, k, v = heads(self.query(x)), heads(self.key(x)), heads(self.value(x))
        bias = torch.zeros(b, n).masked_fill(~mask, float("-inf"))
        bias = bias.repeat_interleave(self.h, dim=0).unsqueeze(1)
        weights = torch.baddbmm(bias, q, k.transpose(1, 2), alpha=(d // self.h) ** -0.5).softmax(2)
        out = torch.bmm(weights, v).transpose(0, 1).reshape(n, b, d)
        return self.output(out).permute(1, 0, 2), weights.view(b, self.h, n, n)


# %% q3_5
class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_model)
        nn.init.trunc_normal_(self.embedding.weight, std=1 / math.sqrt(d_model))
        self.pos = positional_encoding(max_len, d_model)
        self.input_dropout = nn.Dropout(dropout)
        layer = nn.TransformerEncoderLayer(
            d_model=d_model, nhead=num_heads, dim_feedforward=d_ff, dropout=dropout,
            batch_first=True,
        )  # fmt: skip
        self.encoder = nn.TransformerEncoder(layer, num_layers=num_layers)
        self.fc = nn.Linear(d_model, 1)

    def embed(self, tokens):
        x = self.embedding(tokens) * self.embedding.embedding_dim**0.5
        return self.input_dropout(x + self.pos[: tokens.size(1)])

    def forward(self, tokens, mask):
        x = self.encoder(self.embed(tokens), src_key_padding_mask=~mask)
        # In eval mode the encoder returns no more columns than the longest review has tokens.
        mask = mask[:, : x.size(1)].unsqueeze(2)
        return self.fc((x * mask).sum(1) / mask.sum(1)).flatten()

    def attention_maps(self, tokens, mask):
        training = self.training
        self.eval()
        maps = []
        with torch.no_grad():
            x = self.embed(tokens)
            for layer in self.encoder.layers:
                maps.append(
                    layer.self_attn(x, x, x, key_padding_mask=~mask, average_attn_weights=False)[1]
                )
                x = layer(x, src_key_padding_mask=~mask)
                x = F.pad(x, (0, 0, 0, tokens.size(1) - x.size(1)))
        self.train(training)
        return maps


# %% q3_6
import copy


class EarlyStopping:
    """Early stops the training if validation loss doesn't improve after a given patience."""

    def __init__(self, patience, path):
        self.patience, self.path = patience, path
        self.counter, self.best_score, self.early_stop = 0, None, False

    def __call__(self, val_loss, model):
        score = -val_loss
        if self.best_score is None or score > self.best_score:
            self.best_score = score
            self.best_model = copy.deepcopy(model)
            self.counter = 0
        else:
            self.counter += 1
            self.early_stop = self.counter >= self.patience


def train(
    model, train_set, valid_set, max_epochs=4, patience=2, checkpoint="a07.safetensors",
    batch_size=64, lr=1e-3,
):  # fmt: skip
    device = next(model.parameters()).device
    optimizer = torch.optim.RMSprop(model.parameters(), lr=lr)
    stopper = EarlyStopping(patience, checkpoint)
    history = {"train_loss": [], "valid_loss": []}
    # All padded once, and shuffled by index.
    data = {}
    for name, (sequences, labels) in {"train": train_set, "valid": valid_set}.items():
        tokens, mask = pad_batch(sequences, 128)
        data[name] = [t.to(device) for t in (tokens, mask, torch.tensor(labels).float())]
    for epoch in range(1, max_epochs + 1):
        model.train()
        running = 0.0
        for index in torch.randperm(len(train_set[0])).split(batch_size):
            tokens, mask, labels = (part[index] for part in data["train"])
            optimizer.zero_grad()
            loss = F.binary_cross_entropy_with_logits(model(tokens=tokens, mask=mask), labels)
            loss.backward()
            optimizer.step()
            running += loss.item() * index.numel()
        history["train_loss"].append(running / len(train_set[0]))
        model.eval()
        with torch.no_grad():
            losses = [
                F.binary_cross_entropy_with_logits(model(t, m), y, reduction="none")
                for t, m, y in zip(*(part.split(256) for part in data["valid"]))
            ]
        history["valid_loss"].append(torch.cat(losses).mean().item())
        stopper(history["valid_loss"][-1], model)
        if stopper.early_stop:
            break
    model.load_state_dict(stopper.best_model.state_dict())
    save_file(model.state_dict(), checkpoint)
    return history

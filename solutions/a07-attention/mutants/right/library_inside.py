"""PyTorch's own attention inside: F.scaled_dot_product_attention and nn.MultiheadAttention; learned
positions that start at zero; normalisation after each block; the maps as one stacked tensor."""

# %% q3_1
from torch.nn.utils.rnn import pad_sequence


def pad_batch(sequences, max_len, pad_id=0):
    """pad_sequence, and a mask from the lengths."""
    rows = [torch.tensor(list(sequence)[:max_len], dtype=torch.int64) for sequence in sequences]
    tokens = pad_sequence(rows, batch_first=True, padding_value=pad_id)
    mask = pad_sequence([torch.ones_like(row, dtype=torch.bool) for row in rows], batch_first=True)
    return tokens, mask


# %% q3_2
def scaled_dot_product_attention(query, key, value, mask=None):
    """The library gives no weights: they are its output for the unit vectors as values."""
    unit = torch.eye(key.shape[2]).expand(key.shape[0], key.shape[1], -1, -1)
    both = torch.cat([value, unit], dim=-1)
    both = F.scaled_dot_product_attention(query, key, both, attn_mask=mask)
    return both[..., : value.shape[-1]], both[..., value.shape[-1] :]


# %% q3_3
class MultiHeadSelfAttention(nn.Module):
    """The function behind nn.MultiheadAttention, with the weights of four Linears."""

    def __init__(self, d_model, num_heads):
        super().__init__()
        self.d_model = d_model
        self.num_heads = num_heads
        for name in ("query", "key", "value", "output"):
            setattr(self, name, nn.Linear(d_model, d_model))

    def forward(self, x, mask):
        x = x.transpose(0, 1)
        output, weights = F.multi_head_attention_forward(
            x, x, x, self.d_model, self.num_heads,
            torch.cat([self.query.weight, self.key.weight, self.value.weight]),
            torch.cat([self.query.bias, self.key.bias, self.value.bias]),
            None, None, False, 0.0, self.output.weight, self.output.bias,
            key_padding_mask=~mask, average_attn_weights=False,
        )  # fmt: skip
        return output.transpose(0, 1), weights


# %% q3_5
class Block(nn.Module):
    """An encoder layer with normalisation after each part."""

    def __init__(self, d_model, num_heads, d_ff, dropout):
        super().__init__()
        self.attention = nn.MultiheadAttention(d_model, num_heads, dropout, batch_first=True)
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask):
        attended, weights = self.attention(
            x, x, x, key_padding_mask=~mask, need_weights=True, average_attn_weights=False
        )
        x = self.norm1(x + self.dropout(attended))
        return self.norm2(x + self.dropout(self.down(F.gelu(self.up(x))))), weights


class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_model, padding_idx=0)
        self.positions = nn.Parameter(torch.zeros(max_len, d_model))
        self.blocks = nn.ModuleList(
            [Block(d_model, num_heads, d_ff, dropout) for _ in range(num_layers)]
        )
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(d_model, 1)
        nn.init.zeros_(self.classifier.weight)
        nn.init.zeros_(self.classifier.bias)

    def encode(self, tokens, mask):
        x = self.dropout(self.embedding(tokens) + self.positions[: tokens.size(1)])
        maps = []
        for block in self.blocks:
            x, weights = block(x, mask)
            maps.append(weights)
        return x, torch.stack(maps)

    def forward(self, tokens, mask):
        x, _ = self.encode(tokens, mask)
        x = x.masked_fill(~mask.unsqueeze(-1), 0.0)
        pooled = x.sum(dim=1) / mask.sum(dim=1, keepdim=True)
        return self.classifier(self.dropout(pooled))[:, 0]

    def attention_maps(self, tokens, mask):
        training = self.training
        self.eval()
        try:
            return self.encode(tokens, mask)[1]
        finally:
            self.train(training)


# %% q3_8
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    """matshow, with the columns' words on top."""
    tokens = torch.tensor(tokens).unsqueeze(0)
    with torch.no_grad():
        weights = model.attention_maps(tokens, tokens == tokens)[layer, 0, head]
    weights = weights[:limit, :limit].numpy()
    figure, axes = plt.subplots()
    axes.matshow(weights)
    axes.set_xticks(np.arange(len(weights)))
    axes.set_xticklabels(words[:limit], rotation="vertical")
    axes.set_yticks(np.arange(len(weights)))
    axes.set_yticklabels(words[:limit])
    return figure, weights

"""What the tests need to know of a07-attention."""

from __future__ import annotations

from tests.solutions.subject import Subject

CONSTANT = {
    "q3_1": """
def pad_batch(sequences, max_len, pad_id=0):
    shape = len(sequences), min(max_len, max(len(sequence) for sequence in sequences))
    return torch.zeros(shape, dtype=torch.long), torch.ones(shape, dtype=torch.bool)
""",
    "q3_2": """
def scaled_dot_product_attention(query, key, value, mask=None):
    output = (query.sum() + key.sum() + value.sum()) * torch.zeros(*query.shape[:3], value.shape[3])
    return output, torch.full((*query.shape[:3], key.shape[2]), 1 / key.shape[2])
""",
    "q3_3": """
class MultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.heads = num_heads
        self.query, self.key, self.value, self.output = (
            nn.Linear(d_model, d_model) for _ in range(4)
        )
    def forward(self, x, mask):
        parts = self.query(x) + self.key(x) + self.value(x) + self.output(x)
        weights = mask / mask.sum(-1, keepdim=True)
        return 0 * parts, weights[:, None, None].expand(-1, self.heads, x.shape[1], -1)
""",
    "q3_4": """
def positional_encoding(length, d_model):
    return torch.zeros(length, d_model)
""",
    "q3_5": """
class EncoderClassifier(nn.Module):
    def __init__(self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1,
                 max_len=256):
        super().__init__()
        self.heads, self.layers = num_heads, num_layers
        self.weight = nn.Parameter(torch.zeros(vocab_size + d_model + num_layers + d_ff))
    def forward(self, tokens, mask):
        return self.weight.sum().expand(len(tokens))
    def attention_maps(self, tokens, mask):
        weights = (mask / mask.sum(-1, keepdim=True))[:, None, None]
        n = tokens.shape[1]
        return [weights.expand(-1, self.heads, n, -1) for _ in range(self.layers)]
""",
    "q3_6": """
def train(model, train_set, valid_set, max_epochs=4, patience=2, checkpoint="a07.safetensors",
          batch_size=64, lr=1e-3):
    save_file(model.state_dict(), checkpoint)
    return {"train_loss": [0.5] * max_epochs, "valid_loss": [0.5] * max_epochs}
""",
    "q3_8": """
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    n = min(limit, len(tokens))
    figure, axes = plt.subplots()
    axes.set_xticks(range(n), words[:n])
    axes.set_yticks(range(n), words[:n])
    return figure, np.full((n, n), 1 / n)
""",
}

A07 = Subject(
    name="a07-attention",
    constant=CONSTANT,
    quick=frozenset(
        {
            "padding_in_front",
            "mask_from_ids",
            "softmax_over_queries",
            "no_scaling",
            "attention_mask_inverted",
            "masked_with_plus_infinity",
            "mask_after_softmax",
            "nan_where_all_is_masked",
            "nan_in_gradient",
            "heads_merged_without_transpose",
            "values_from_keys",
            "positions_from_one",
            "mean_counts_padding",
            "dropout_in_eval_mode",
            "layers_share_weights",
            "maps_of_other_weights",
            "mean_over_batches",
            "renormalised",
        }
    ),
    accuracy=((0.5, 0), (0.53, 0), (0.58, 0.5), (0.62, 1), (0.66, 2), (0.8, 2)),
)

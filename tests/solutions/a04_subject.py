"""What the tests need to know of a04-lstm."""

from __future__ import annotations

from tests.solutions.subject import Subject

CONSTANT = {
    "q3_1": """
def build_vocabulary(texts, size):
    return ["<pad>", "<start>", "<unknown>", "<unused>"]
def encode(text, ids, max_len):
    return [1] * min(max_len, 3)
""",
    "q3_2": """
def pad_batch(sequences, pad_id=0):
    longest = max(1, *map(len, sequences))
    return torch.zeros(len(sequences), longest, dtype=torch.long), torch.ones(len(sequences)).long()
def batches_by_length(lengths, batch_size, seed=None):
    return [[0]]
""",
    "q3_3": """
def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    nothing = 0 * (x.sum() + weight_ih.sum() + weight_hh.sum() + bias_ih.sum() + bias_hh.sum())
    return 0 * h + nothing, 0 * c + nothing
""",
    "q3_4": """
class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.size = hidden_size
        self.weight_ih = nn.Parameter(torch.zeros(4 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.zeros(4 * hidden_size, hidden_size))
        self.bias_ih = nn.Parameter(torch.zeros(4 * hidden_size))
        self.bias_hh = nn.Parameter(torch.zeros(4 * hidden_size))
    def forward(self, x, lengths):
        nothing = 0 * (x.sum() + sum(part.sum() for part in self.parameters()))
        outputs = nothing + torch.zeros(*x.shape[:2], self.size)
        return outputs, (outputs[:, 0], outputs[:, 0])
""",
    "q3_5": """
class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(vocab_size + d_embed + d_hidden))
    def forward(self, tokens, lengths):
        return self.weight.sum().expand(len(tokens))
""",
    "q3_6": """
def train(model, train_set, valid_set, max_epochs=6, patience=2, checkpoint="a04.safetensors",
          batch_size=64, lr=2e-3, max_norm=1.0):
    save_file(model.state_dict(), checkpoint)
    return {"train_loss": [0.5] * max_epochs, "valid_loss": [0.5] * max_epochs}
""",
}

A04 = Subject(
    name="a04-lstm",
    constant=CONSTANT,
    quick=frozenset(
        {
            "ties_by_appearance",
            "start_not_counted",
            "lengths_from_ids",
            "seed_zero_is_none",
            "gates_in_another_order",
            "cell_shown_without_tanh",
            "sigmoid_by_hand",
            "padding_is_read",
            "cell_reads_padding",
            "one_word_too_few",
            "state_detached",
            "last_column_read",
            "one_place_too_early",
            "empty_review_reads_padding",
            "dropout_in_eval_mode",
        }
    ),
    accuracy=((0.5, 0), (0.53, 0), (0.58, 0.5), (0.62, 1), (0.66, 1.5), (0.8, 1.5)),
)

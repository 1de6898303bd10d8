"""Explicit loops, as a beginner writes them: over reviews, heads, positions and columns; a mask of
-1e9; a loop over heads in place of reshaping; history and best weights kept by hand."""


# %% q3_1
def pad_batch(sequences, max_len, pad_id=0):
    longest = 0
    for sequence in sequences:
        longest = max(longest, len(sequence))
    length = min(longest, max_len)
    tokens, mask = [], []
    for sequence in sequences:
        row, real = [], []
        for position in range(length):
            row.append(sequence[position] if position < len(sequence) else pad_id)
            real.append(position < len(sequence))
        tokens.append(row)
        mask.append(real)
    return torch.LongTensor(tokens), torch.BoolTensor(mask)


# %% q3_2
def scaled_dot_product_attention(query, key, value, mask=None):
    d_k = query.size(-1)
    scores = torch.matmul(query, key.permute(0, 1, 3, 2)) / d_k**0.5
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    weights = torch.softmax(scores, dim=3)
    if mask is not None:
        weights = weights * mask
    return torch.matmul(weights, value), weights


# %% q3_3
class MultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.output = nn.Linear(d_model, d_model)
        self.num_heads = num_heads
        self.width = d_model // num_heads

    def forward(self, x, mask):
        query, key, value = self.query(x), self.key(x), self.value(x)
        outputs, all_weights = [], []
        for head in range(self.num_heads):
            columns = slice(head * self.width, (head + 1) * self.width)
            output, weights = scaled_dot_product_attention(
                query[:, None, :, columns],
                key[:, None, :, columns],
                value[:, None, :, columns],
                mask.unsqueeze(1).unsqueeze(2),
            )
            outputs.append(output[:, 0])
            all_weights.append(weights)
        return self.output(torch.cat(outputs, dim=-1)), torch.cat(all_weights, dim=1)


# %% q3_4
def positional_encoding(length, d_model):
    table = torch.zeros(length, d_model)
    for position in range(length):
        for column in range(d_model):
            pair = column // 2
            angle = position / (10000 ** (2 * pair / d_model))
            table[position, column] = math.sin(angle) if column % 2 == 0 else math.cos(angle)
    return table


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
    loss_function = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    train_losses, valid_losses = [], []
    best_loss, best_weights, bad_epochs = float("inf"), None, 0
    for _ in range(max_epochs):
        model.train()
        losses = []
        for start in range(0, len(train_set[0]), batch_size):
            tokens, mask = pad_batch(train_set[0][start : start + batch_size], 128)
            target = torch.tensor(train_set[1][start : start + batch_size], dtype=torch.float32)
            optimizer.zero_grad()
            loss = loss_function(model(tokens, mask), target)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        train_losses.append(sum(losses) / len(losses))

        model.eval()
        total = 0.0
        with torch.no_grad():
            for sequence, label in zip(*valid_set, strict=True):
                tokens, mask = pad_batch([sequence], 128)
                target = torch.tensor([label], dtype=torch.float32)
                total += loss_function(model(tokens, mask), target).item()
        valid_losses.append(total / len(valid_set[0]))

        if valid_losses[-1] < best_loss:
            best_loss = valid_losses[-1]
            best_weights = {name: part.clone() for name, part in model.state_dict().items()}
            bad_epochs = 0
        else:
            bad_epochs += 1
        if bad_epochs >= patience:
            break
    model.load_state_dict(best_weights)
    save_file(best_weights, checkpoint)
    return {"train_loss": train_losses, "valid_loss": valid_losses}

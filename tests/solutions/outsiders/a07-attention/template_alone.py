"""What somebody writes from the template alone: step by step, one head after the other, with lists."""

# %% q3_1
def pad_batch(sequences, max_len, pad_id=0):
    longest = 0
    for sequence in sequences:
        if len(sequence) > longest:
            longest = len(sequence)
    if longest > max_len:
        longest = max_len
    all_tokens = []
    all_masks = []
    for sequence in sequences:
        tokens = []
        mask = []
        for i in range(longest):
            if i < len(sequence):
                tokens.append(sequence[i])
                mask.append(True)
            else:
                tokens.append(pad_id)
                mask.append(False)
        all_tokens.append(tokens)
        all_masks.append(mask)
    return torch.tensor(all_tokens), torch.tensor(all_masks)


# %% q3_2
def scaled_dot_product_attention(query, key, value, mask=None):
    d_k = query.shape[3]
    scores = torch.matmul(query, torch.transpose(key, 2, 3))
    scores = scores / np.sqrt(d_k)
    if mask is not None:
        # rows without any key would become nan
        ok = mask.any(dim=-1, keepdim=True)
        mask2 = mask | ~ok
        scores = scores.masked_fill(mask2 == False, float("-inf"))
    weights = torch.softmax(scores, -1)
    if mask is not None:
        weights = weights * ok.float()
    output = torch.matmul(weights, value)
    return output, weights


# %% q3_3
class MultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.d_k = int(d_model / num_heads)
        self.num_heads = num_heads
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.output = nn.Linear(d_model, d_model)

    def forward(self, x, mask):
        q = self.query(x)
        k = self.key(x)
        v = self.value(x)
        outs = []
        ws = []
        for i in range(self.num_heads):
            a = i * self.d_k
            b = (i + 1) * self.d_k
            out, w = scaled_dot_product_attention(
                q[:, None, :, a:b], k[:, None, :, a:b], v[:, None, :, a:b], mask[:, None, None, :]
            )
            outs.append(out)
            ws.append(w)
        out = torch.cat(outs, dim=3)
        return self.output(out[:, 0]), torch.cat(ws, dim=1)


# %% q3_4
def positional_encoding(length, d_model):
    pe = np.zeros((length, d_model))
    for pos in range(length):
        for i in range(d_model):
            angle = pos / np.power(10000, 2 * (i // 2) / d_model)
            pe[pos, i] = np.sin(angle) if i % 2 == 0 else np.cos(angle)
    return torch.from_numpy(pe).float()


# %% q3_5
class Layer(nn.Module):
    def __init__(self, d_model, num_heads, d_ff, dropout):
        super().__init__()
        self.attention = MultiHeadSelfAttention(d_model, num_heads)
        self.norm1 = nn.LayerNorm(d_model)
        self.linear1 = nn.Linear(d_model, d_ff)
        self.linear2 = nn.Linear(d_ff, d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.p = dropout
        self.last_weights = None

    def forward(self, x, mask):
        out, self.last_weights = self.attention(x, mask)
        x = self.norm1(x + F.dropout(out, self.p, self.training))
        out = self.linear2(torch.relu(self.linear1(x)))
        return self.norm2(x + F.dropout(out, self.p, self.training))


class EncoderClassifier(nn.Module):
    def __init__(self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1,
                 max_len=256):  # fmt: skip
        super().__init__()
        self.d_model = d_model
        self.max_len = max_len
        self.emb = nn.Embedding(vocab_size, d_model)
        self.emb.weight.data /= d_model**0.5
        for number in range(num_layers):
            setattr(self, f"layer{number}", Layer(d_model, num_heads, d_ff, dropout))
        self.num_layers = num_layers
        self.out = nn.Linear(d_model, 1)

    def forward(self, tokens, mask):
        x = self.emb(tokens) * self.d_model**0.5
        x = x + positional_encoding(tokens.shape[1], self.d_model)
        for number in range(self.num_layers):
            x = getattr(self, f"layer{number}")(x, mask)
        result = []
        for i in range(len(tokens)):
            result.append(x[i][mask[i]].mean(0))
        return self.out(torch.stack(result)).reshape(-1)

    def attention_maps(self, tokens, mask):
        old = self.training
        self.eval()
        self.forward(tokens, mask)
        if old == True:
            self.train()
        return [getattr(self, f"layer{n}").last_weights for n in range(self.num_layers)]


# %% q3_6
def get_loss(model, seqs, labs):
    tokens, mask = pad_batch(seqs, max_len=128)
    labs = torch.tensor(labs).to(torch.float32)
    return F.binary_cross_entropy_with_logits(model(tokens, mask), labs)


def train(model, train_set, valid_set, max_epochs=4, patience=2, checkpoint="a07.safetensors",
          batch_size=64, lr=1e-3):  # fmt: skip
    opt = torch.optim.Adam(model.parameters(), lr)
    train_loss = []
    valid_loss = []
    best = None
    for epoch in range(max_epochs):
        model.train()
        seqs, labs = train_set
        perm = np.random.permutation(len(seqs))
        losses = []
        for i in range(0, len(seqs), batch_size):
            b = perm[i : i + batch_size]
            opt.zero_grad()
            loss = get_loss(model, [seqs[j] for j in b], [labs[j] for j in b])
            loss.backward()
            opt.step()
            losses += [loss.item()] * len(b)
        train_loss.append(np.mean(losses))
        model.eval()
        losses = []
        for i in range(len(valid_set[0])):
            losses.append(get_loss(model, [valid_set[0][i]], [valid_set[1][i]]).item())
        valid_loss.append(np.mean(losses))
        if best is None or valid_loss[-1] < valid_loss[best]:
            best = epoch
            save_file(model.state_dict(), checkpoint)
        if epoch == best + patience:
            print("stopping early")
            break
    model.load_state_dict(load_file(checkpoint))
    model.eval()
    return {"train_loss": train_loss, "valid_loss": valid_loss}


# %% q3_8
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    t = torch.tensor(tokens).unsqueeze(0)
    m = torch.ones(1, len(tokens)).bool()
    w = model.attention_maps(t, m)[layer][0][head].detach().numpy()
    n = min(limit, len(tokens))
    w = w[0:n, 0:n]
    fig = plt.figure(figsize=(10, 10))
    plt.imshow(w)
    plt.xticks(range(n), words[:n], rotation="vertical")
    plt.yticks(range(n), words[:n])
    plt.colorbar()
    return fig, w

"""What somebody writes from the template alone: four products a gate, a list for each state, one
review's state at a time picked in the end, the mean of all states."""

# %% q3_1
SPECIAL = ("<pad>", "<start>", "<unknown>", "<unused>")


def build_vocabulary(texts, size):
    freq = {}
    for t in texts:
        for w in t.split():
            if w not in freq:
                freq[w] = 0
            freq[w] += 1
    ws = list(freq.keys())
    ws.sort()
    ws.sort(key=lambda w: freq[w], reverse=True)
    vocab = list(SPECIAL)
    for w in ws:
        if len(vocab) >= size:
            break
        vocab.append(w)
    return vocab


def encode(text, ids, max_len):
    res = [1]
    for w in text.split():
        if len(res) >= max_len:
            break
        if w in ids.keys():
            res.append(ids[w])
        else:
            res.append(2)
    return res


# %% q3_3
def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    H = h.shape[1]
    W_i, W_f, W_g, W_o = weight_ih[:H], weight_ih[H : 2 * H], weight_ih[2 * H : 3 * H], weight_ih[3 * H :]
    U_i, U_f, U_g, U_o = weight_hh[:H], weight_hh[H : 2 * H], weight_hh[2 * H : 3 * H], weight_hh[3 * H :]
    b_i, b_f, b_g, b_o = torch.split(bias_ih, H)
    d_i, d_f, d_g, d_o = torch.split(bias_hh, H)
    i = torch.sigmoid(x @ W_i.T + b_i + h @ U_i.T + d_i)
    f = torch.sigmoid(x @ W_f.T + b_f + h @ U_f.T + d_f)
    g = torch.tanh(x @ W_g.T + b_g + h @ U_g.T + d_g)
    o = torch.sigmoid(x @ W_o.T + b_o + h @ U_o.T + d_o)
    c_new = f * c + i * g
    h_new = o * torch.tanh(c_new)
    return h_new, c_new


# %% q3_4
class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        r = 1 / math.sqrt(hidden_size)
        self.weight_ih = nn.Parameter(torch.rand(4 * hidden_size, input_size) * 2 * r - r)
        self.weight_hh = nn.Parameter(torch.rand(4 * hidden_size, hidden_size) * 2 * r - r)
        self.bias_ih = nn.Parameter(torch.rand(4 * hidden_size) * 2 * r - r)
        self.bias_hh = nn.Parameter(torch.rand(4 * hidden_size) * 2 * r - r)

    def forward(self, x, lengths):
        batch = x.shape[0]
        h = torch.zeros(batch, self.hidden_size)
        c = torch.zeros(batch, self.hidden_size)
        all_h = []
        all_c = []
        for t in range(x.shape[1]):
            h, c = lstm_step(x[:, t], h, c, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
            all_h.append(h)
            all_c.append(c)
        outputs = []
        last_h = []
        last_c = []
        for b in range(batch):
            n = int(lengths[b])
            row = [all_h[t][b] for t in range(n)]
            row += [torch.zeros(self.hidden_size)] * (x.shape[1] - n)
            outputs.append(torch.stack(row))
            if n > 0:
                last_h.append(all_h[n - 1][b])
                last_c.append(all_c[n - 1][b])
            else:
                last_h.append(torch.zeros(self.hidden_size))
                last_c.append(torch.zeros(self.hidden_size))
        return torch.stack(outputs), (torch.stack(last_h), torch.stack(last_c))


# %% q3_5
class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_embed)
        self.embedding.weight.data *= 0.1
        self.lstm = LSTM(d_embed, d_hidden)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(d_hidden, 1)

    def forward(self, tokens, lengths):
        x = self.drop(self.embedding(tokens))
        outputs, (h, c) = self.lstm(x, lengths)
        n = lengths.unsqueeze(1)
        n = torch.max(n, torch.ones_like(n))
        mean = outputs.sum(1) / n
        return self.out(self.drop(mean)).squeeze(1)

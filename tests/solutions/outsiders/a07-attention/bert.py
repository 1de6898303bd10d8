"""In the manner of BERT as it is often copied: a configuration, a mask that is added to the scores,
embeddings that are normalised, a dense layer with tanh after the mean, attentions as a tuple."""

# %% q3_5

class BertConfig:
    def __init__(self, **kwargs):
        self.layer_norm_eps = 1e-12
        self.__dict__.update(kwargs)


class BertEmbeddings(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size, padding_idx=0)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.token_type_embeddings = nn.Embedding(2, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.register_buffer("position_ids", torch.arange(config.max_position_embeddings).expand((1, -1)))

    def forward(self, input_ids):
        position_ids = self.position_ids[:, : input_ids.size(1)]
        e = self.word_embeddings(input_ids) + self.token_type_embeddings(torch.zeros_like(input_ids))
        return self.dropout(self.LayerNorm(e + self.position_embeddings(position_ids)))


class BertSelfAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.num_attention_heads = config.num_attention_heads
        self.attention_head_size = int(config.hidden_size / config.num_attention_heads)
        self.all_head_size = self.num_attention_heads * self.attention_head_size
        self.query = nn.Linear(config.hidden_size, self.all_head_size)
        self.key = nn.Linear(config.hidden_size, self.all_head_size)
        self.value = nn.Linear(config.hidden_size, self.all_head_size)
        self.dropout = nn.Dropout(config.attention_probs_dropout_prob)

    def transpose_for_scores(self, x):
        x = x.view(x.size()[:-1] + (self.num_attention_heads, self.attention_head_size))
        return x.permute(0, 2, 1, 3)

    def forward(self, hidden_states, attention_mask):
        q = self.transpose_for_scores(self.query(hidden_states))
        k = self.transpose_for_scores(self.key(hidden_states))
        v = self.transpose_for_scores(self.value(hidden_states))
        s = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(self.attention_head_size) + attention_mask
        probs = nn.Softmax(dim=-1)(s)
        context = torch.matmul(self.dropout(probs), v).permute(0, 2, 1, 3).contiguous()
        return context.view(context.size()[:-2] + (self.all_head_size,)), probs


class BertLayer(nn.Module):
    def __init__(self, config):
        super().__init__()
        d = config.hidden_size
        self.self = BertSelfAttention(config)
        self.output = nn.ModuleDict({"dense": nn.Linear(d, d), "LayerNorm": nn.LayerNorm(d)})
        self.intermediate = nn.Linear(d, config.intermediate_size)
        self.dense, self.LayerNorm = nn.Linear(config.intermediate_size, d), nn.LayerNorm(d)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, x, mask):
        a, probs = self.self(x, mask)
        x = self.output["LayerNorm"](self.dropout(self.output["dense"](a)) + x)
        h = self.dropout(self.dense(F.gelu(self.intermediate(x))))
        return self.LayerNorm(h + x), probs


class EncoderClassifier(nn.Module):
    def __init__(self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256):
        super().__init__()
        config = BertConfig(
            vocab_size=vocab_size, hidden_size=d_model, num_attention_heads=num_heads,
            num_hidden_layers=num_layers, intermediate_size=d_ff, hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout, max_position_embeddings=max_len)
        self.config = config
        self.embeddings = BertEmbeddings(config)
        self.layer = nn.ModuleList([BertLayer(config) for _ in range(config.num_hidden_layers)])
        self.pooler = nn.Linear(d_model, d_model)
        self.classifier = nn.Linear(d_model, 1)
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            module.weight.data.normal_(mean=0.0, std=0.02)
        if isinstance(module, nn.Linear):
            module.bias.data.zero_()

    def forward(self, tokens, mask, output_attentions=False):
        extended = (1.0 - mask[:, None, None, :].float()) * -10000.0
        x, attentions = self.embeddings(tokens), ()
        for layer in self.layer:
            x, probs = layer(x, extended)
            attentions += (probs,)
        m = mask.unsqueeze(-1).expand(x.size()).float()
        pooled = torch.sum(x * m, 1) / torch.clamp(m.sum(1), min=1e-9)
        logits = self.classifier(torch.tanh(self.pooler(pooled))).squeeze(-1)
        return (logits, attentions) if output_attentions else logits

    def attention_maps(self, tokens, mask):
        t = self.training
        self.eval()
        with torch.no_grad():
            a = self.forward(tokens, mask, output_attentions=True)[1]
        self.train(t)
        return a

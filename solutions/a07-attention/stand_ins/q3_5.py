"""The classifier, on torch.nn.TransformerEncoderLayer."""

import torch


class EncoderClassifier(torch.nn.Module):
    def __init__(
        self,
        vocab_size,
        d_model=64,
        num_heads=4,
        num_layers=2,
        d_ff=128,
        dropout=0.1,
        max_len=256,
    ):
        super().__init__()
        self.words = torch.nn.Embedding(vocab_size, d_model)
        self.places = torch.nn.Embedding(max_len, d_model)
        self.dropout = torch.nn.Dropout(dropout)
        self.layers = torch.nn.ModuleList(
            torch.nn.TransformerEncoderLayer(
                d_model, num_heads, d_ff, dropout, batch_first=True, norm_first=True
            )
            for _ in range(num_layers)
        )
        self.logit = torch.nn.Linear(d_model, 1)

    def embed(self, tokens):
        places = torch.arange(tokens.shape[1])
        return self.dropout(self.words(tokens) + self.places(places))

    def forward(self, tokens, mask):
        x = self.embed(tokens)
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=~mask)
        real = mask.unsqueeze(-1).to(x.dtype)
        return self.logit((x * real).sum(1) / real.sum(1)).squeeze(-1)

    @torch.no_grad()
    def attention_maps(self, tokens, mask):
        was_training = self.training
        self.eval()
        x = self.embed(tokens)
        maps = []
        for layer in self.layers:
            y = layer.norm1(x)
            _, weights = layer.self_attn(
                y, y, y, key_padding_mask=~mask, average_attn_weights=False
            )
            maps.append(weights)
            x = layer(x, src_key_padding_mask=~mask)
        self.train(was_training)
        return maps

"""nn.TransformerEncoderLayer for the layers, whose weights are caught by hooks; NAdam with
a falling learning rate, batches by a DataLoader, best weights by deepcopy."""


# %% q3_5
class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.register_buffer("positions", positional_encoding(max_len, d_model).float())
        layer = nn.TransformerEncoderLayer(
            d_model, num_heads, d_ff, dropout, activation="gelu", batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False)
        self.head = nn.Linear(d_model, 1)
        self.d_model = d_model

    def forward(self, tokens, mask):
        x = self.embedding(tokens) * math.sqrt(self.d_model) + self.positions[: tokens.shape[1]]
        x = self.encoder(x, src_key_padding_mask=torch.logical_not(mask))
        x = torch.where(mask[..., None], x, 0.0).sum(1) / mask.sum(1)[:, None]
        return self.head(x).squeeze(1)

    @torch.no_grad()
    def attention_maps(self, tokens, mask):
        was_training = self.training
        self.eval()
        inputs = []
        hooks = [
            layer.register_forward_pre_hook(lambda layer, args: inputs.append(args[0]))
            for layer in self.encoder.layers
        ]
        try:
            self(tokens, mask)
        finally:
            for hook in hooks:
                hook.remove()
        maps = []
        for layer, x in zip(self.encoder.layers, inputs, strict=True):
            _, weights = layer.self_attn(
                x, x, x, key_padding_mask=~mask, average_attn_weights=False
            )
            maps.append(weights)
        self.train(was_training)
        return maps


# %% q3_6
from copy import deepcopy

from torch.utils.data import DataLoader


def collate(pairs):
    sequences, labels = zip(*pairs, strict=True)
    return *pad_batch(list(sequences), 128), torch.tensor(labels, dtype=torch.float)


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
    loaders = {
        "train": DataLoader(list(zip(*train_set)), batch_size, shuffle=True, collate_fn=collate),
        "valid": DataLoader(list(zip(*valid_set)), 2 * batch_size, collate_fn=collate),
    }
    optimizer = torch.optim.NAdam(model.parameters(), lr=lr, weight_decay=1e-5)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, max_epochs))
    criterion = nn.BCEWithLogitsLoss(reduction="sum")
    train_loss, valid_loss, best = [], [], None
    while len(valid_loss) < max_epochs:
        for phase, losses in (("train", train_loss), ("valid", valid_loss)):
            model.train(phase == "train")
            total = torch.zeros(())
            count = 0
            with torch.set_grad_enabled(phase == "train"):
                for tokens, mask, labels in loaders[phase]:
                    loss = criterion(model(tokens, mask), labels)
                    if phase == "train":
                        (loss / len(labels)).backward()
                        optimizer.step()
                        optimizer.zero_grad()
                    total += loss.detach()
                    count += len(labels)
            losses.append(float(total / count))
        scheduler.step()
        if best is None or valid_loss[-1] < best[0]:
            best = (valid_loss[-1], len(valid_loss), deepcopy(model.state_dict()))
        if len(valid_loss) - best[1] == patience:
            break
    model.load_state_dict(best[2])
    save_file(dict(best[2]), checkpoint)
    return {"train_loss": train_loss, "valid_loss": valid_loss}

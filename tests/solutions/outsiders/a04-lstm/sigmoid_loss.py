"""Binary cross-entropy as nn.BCELoss of the sigmoid of the logits, as old tutorials have it."""
# %% q3_6
Reviews = tuple
def train(model, train_set, valid_set, max_epochs=6, patience=2, checkpoint="a04.safetensors", batch_size=64, lr=2e-3, max_norm=1.0):
    criterion = nn.BCELoss()
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    out = {"train_loss": [], "valid_loss": []}
    def epoch(data, seed=None):
        total = 0.0
        for b in batches_by_length([len(s) for s in data[0]], batch_size, seed):
            x, n = pad_batch([data[0][i] for i in b])
            loss = criterion(torch.sigmoid(model(x, n)), torch.tensor([data[1][i] for i in b]).float())
            if model.training:
                opt.zero_grad(); loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), max_norm); opt.step()
            total += loss.item() * len(b)
        return total / len(data[0])
    best, bad = float("inf"), 0
    for e in range(max_epochs):
        model.train(); out["train_loss"].append(epoch(train_set, e))
        model.eval()
        with torch.no_grad(): v = epoch(valid_set)
        out["valid_loss"].append(v)
        if v < best:
            best, bad = v, 0; save_file(model.state_dict(), checkpoint)
        else:
            bad += 1
            if bad == patience: break
    model.load_state_dict(load_file(checkpoint))
    return out

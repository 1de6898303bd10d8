"""A matplotlib table: rowLabels and colLabels in the axes, coloured cells."""
# %% q3_8
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    t = torch.tensor([tokens])
    with torch.no_grad(): w = model.attention_maps(tokens=t, mask=torch.ones_like(t, dtype=torch.bool))[layer][0, head].cpu().numpy()[:limit, :limit]
    n = len(w); ws = words[:n]

    fig, ax = plt.subplots(); ax.axis("off")
    ax.table(cellColours=plt.cm.viridis(w), cellText=[[""] * n for _ in range(n)], rowLabels=ws, colLabels=ws, loc="center")
    return fig, w

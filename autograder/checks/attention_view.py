"""A picture of attention to explore: choose layer and head, point at a word, see where it looks.

For notebooks. It needs no network and no widgets: one piece of HTML with its data inside. Where
scripts do not run the first head stands there as a table, and a PDF gets it as a static picture.
Weights and words are only shown, so nothing here trusts them.
"""

from __future__ import annotations

import html
import io
import json
import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

LIMIT = 48
"""Words that are shown: more would not fit on a screen beside each other."""


class AttentionView:
    """Shows itself as the last value of a cell."""

    def __init__(self, maps: Sequence[Any], words: Sequence[str], limit: int = LIMIT) -> None:
        """Show the attention of one text.

        Args:
            maps: for each layer its weights, (heads, n, n): a row for each query. Tensors or
                arrays. Layers may have different numbers of heads.
            words: the n words.
            limit: how many words are shown, from the first. Weights are cropped and not normalised
                again.

        Raises ValueError where shapes do not fit.
        """
        self._layers = [_as_array(layer) for layer in maps]
        if not self._layers:
            raise ValueError("maps is empty: give the weights of at least one layer")
        for number, layer in enumerate(self._layers):
            if layer.ndim != 3 or layer.shape[1:] != (len(words), len(words)):
                raise ValueError(
                    f"the weights of layer {number} have the shape {layer.shape}; for "
                    f"{len(words)} words it should be (heads, {len(words)}, {len(words)}): "
                    "did you take one text out of the batch, as in `maps[layer][0]`?"
                )
        self._layers = [layer[:, :limit, :limit] for layer in self._layers]
        self._words = [str(word)[:40] for word in words[:limit]]
        self._left_out = max(0, len(words) - limit)

    def _repr_html_(self) -> str:
        """The view for a browser."""
        id = f"attention-{secrets.token_hex(6)}"
        data = {
            "words": self._words,
            # Thousandths: a third of the size, and finer than any shade can be told.
            "layers": [np.rint(layer * 1000).astype(int).tolist() for layer in self._layers],
        }
        fields = {
            "ID": id,
            "STYLE": _STYLE.replace("ID", id),
            "LAYERS": _options(f"layer {number}" for number in range(len(self._layers))),
            "HEADS": _options(f"head {number}" for number in range(len(self._layers[0]))),
            "WORDS": "".join(
                f'<button type="button" aria-pressed="false">{html.escape(word)}</button>'
                for word in self._words
            ),
            "TABLE": self._table(),
            "LEFT_OUT": f" {self._left_out} more words are left out." if self._left_out else "",
            # No `</script>` may end the data early, whatever the words are.
            "DATA": json.dumps(data).replace("<", "\\u003c"),
            "SCRIPT": _SCRIPT,
        }
        parts = _PAGE.split("@")
        return "".join(part if place % 2 == 0 else fields[part] for place, part in enumerate(parts))

    def _repr_png_(self) -> bytes:
        """The first head of the first layer, for paper."""
        shades = self._layers[0][0]
        side = 2.5 + 0.16 * len(self._words)
        picture = Figure(figsize=(side + 0.8, side), layout="constrained")
        grid = picture.add_subplot(title="layer 0, head 0", xlabel="looked at", ylabel="looks")
        mesh = grid.pcolormesh(shades, cmap="GnBu", vmin=0.0, edgecolors="white", linewidth=0.3)
        grid.set_aspect("equal")
        grid.invert_yaxis()
        middles = np.arange(len(self._words)) + 0.5
        # A dollar sign would begin a formula.
        names = [word.replace("$", r"\$") for word in self._words]
        grid.set_xticks(middles, labels=names, rotation="vertical", fontsize=8)
        grid.set_yticks(middles, labels=names, fontsize=8)
        picture.colorbar(mesh, ax=grid, label="attention weight")
        buffer = io.BytesIO()
        picture.savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()

    def _table(self) -> str:
        """Layer 0, head 0; the script fills in others."""
        weights = self._layers[0][0]
        top = max(float(weights.max(initial=0.0)), 1e-9)
        heads = "".join(
            f'<th scope="col"><span>{html.escape(word)}</span></th>' for word in self._words
        )
        rows = []
        for word, row in zip(self._words, weights, strict=True):
            cells = "".join(
                f'<td style="--w:{weight / top:.3f}"><span>{weight:.1%}</span></td>'
                for weight in row.tolist()
            )
            rows.append(f'<tr><th scope="row">{html.escape(word)}</th>{cells}</tr>')
        return f"<thead><tr><td></td>{heads}</tr></thead><tbody>{''.join(rows)}</tbody>"


def _as_array(layer: Any) -> np.ndarray:
    detached = layer.detach().cpu() if hasattr(layer, "detach") else layer
    array = np.asarray(detached, dtype=np.float64)
    # A weight that is no number is drawn as none at all.
    return np.clip(np.nan_to_num(array, nan=0.0), 0.0, 1.0)


def _options(names: Any) -> str:
    return "".join(f'<option value="{number}">{name}</option>' for number, name in enumerate(names))


_STYLE = """
#ID { --ink: #20242a; --soft: #5a616b; --line: #e4e0d7; --deep: 31, 91, 115; color: var(--ink);
  background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: 1rem; margin: 0;
  max-width: 60rem; font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
#ID .choose { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; margin-bottom: .75rem; }
#ID label { color: var(--soft); font-size: .9em; }
#ID select { font: inherit; color: var(--ink); background: #fff; border: 1px solid #8a9099;
  border-radius: 4px; padding: .1rem .3rem; margin-left: .3rem; }
#ID .words { display: flex; flex-wrap: wrap; gap: 2px; }
#ID .words button { font: inherit; color: var(--ink); cursor: pointer; padding: .1rem .35rem;
  border: 1px solid transparent; border-radius: 4px;
  background: rgba(var(--deep), calc(var(--w, 0) * .5)); }
#ID .words button[aria-pressed=true] { border-color: #a23b1c; box-shadow: 0 0 0 1px #a23b1c; }
#ID button:focus-visible, #ID select:focus-visible, #ID .map:focus-visible
  { outline: 2px solid #1f5b73; outline-offset: 2px; }
#ID .said { min-height: 3em; margin: .6rem 0; color: var(--ink); }
#ID .said b { font-weight: 600; }
#ID .map { overflow: auto; max-height: 36rem; }
#ID table { border-collapse: collapse; width: auto; font-size: 11px; line-height: 1.1; margin: 0; }
#ID th { font-weight: 400; text-align: right; padding: 0 .4em; white-space: nowrap;
  background: #fff; border: 0; color: var(--ink); }
#ID thead th { vertical-align: bottom; height: auto; padding: .3em 0; text-align: left; }
#ID thead th span { writing-mode: vertical-rl; transform: rotate(180deg); }
#ID td { width: 15px; min-width: 15px; height: 15px; padding: 0; border: 1px solid #fff;
  background: rgba(var(--deep), calc(var(--w, 0) * .95)); }
#ID thead td { background: none; }
#ID td span { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); }
#ID tr.chosen th, #ID thead th.chosen { color: #a23b1c; font-weight: 600; }
#ID .note { color: var(--soft); font-size: .85em; margin: .6rem 0 0; }
"""

_PAGE = """<style>@STYLE@</style>
<figure id="@ID@" aria-label="Attention of a model for one text">
<div class="choose" hidden>
<label>Layer <select class="layer">@LAYERS@</select></label>
<label>Head <select class="head">@HEADS@</select></label>
<label>Show <select class="way"><option value="out">where a word looks</option>
<option value="in">what looks at a word</option></select></label>
</div>
<div class="words" role="group" aria-label="The words of the text" hidden>@WORDS@</div>
<p class="said" role="status" hidden></p>
<div class="map" tabindex="0" role="region" aria-label="All weights"><table>@TABLE@</table></div>
<p class="note">A row for each query (the word that looks), a column for each key (the word that
is looked at). The darkest field is the largest weight shown.@LEFT_OUT@</p>
<script type="application/json">@DATA@</script>
<script>(@SCRIPT@)(document.getElementById("@ID@"));</script>
</figure>"""

_SCRIPT = """function (root) {
  const find = (selector) => root.querySelector(selector);
  const data = JSON.parse(find("script[type='application/json']").textContent);
  const layer = find(".layer"), head = find(".head"), way = find(".way"), said = find(".said");
  const buttons = [...root.querySelectorAll(".words button")];
  const rows = [...root.querySelectorAll("tbody tr")];
  const columns = [...root.querySelectorAll("thead th")];
  const cells = rows.map((row) => [...row.querySelectorAll("td")]);
  let pinned = 0;

  const percent = (weight) => (weight / 10).toFixed(1) + " %";
  const weights = () => {
    const heads = data.layers[layer.value];
    if (head.value !== "mean") return heads[head.value];
    return heads[0].map((row, i) => row.map((_, j) =>
      heads.reduce((sum, one) => sum + one[i][j], 0) / heads.length));
  };
  const fillHeads = () => {
    const count = data.layers[layer.value].length, before = head.value;
    head.replaceChildren(...Array.from({length: count}, (_, i) => new Option("head " + i, i)));
    if (count > 1) head.add(new Option("mean of all heads", "mean"));
    head.value = [...head.options].some((it) => it.value === before) ? before : "0";
  };
  const drawMap = () => {
    const shown = weights(), top = Math.max(1, ...shown.map((row) => Math.max(...row)));
    cells.forEach((row, i) => row.forEach((cell, j) => {
      cell.style.setProperty("--w", (shown[i][j] / top).toFixed(3));
      cell.title = data.words[i] + " \\u2192 " + data.words[j] + ": " + percent(shown[i][j]);
      cell.firstChild.textContent = percent(shown[i][j]);
    }));
  };
  const drawWord = (chosen) => {
    const shown = weights(), out = way.value === "out";
    const line = shown.map((row, i) => out ? shown[chosen][i] : row[chosen]);
    const top = Math.max(1, ...line);
    buttons.forEach((button, i) => {
      button.style.setProperty("--w", (line[i] / top).toFixed(3));
      button.title = percent(line[i]);
      button.setAttribute("aria-pressed", String(i === chosen));
    });
    rows.forEach((row, i) => row.classList.toggle("chosen", out && i === chosen));
    columns.forEach((column, i) => column.classList.toggle("chosen", !out && i === chosen));
    const most = line.map((weight, i) => [weight, i]).sort((a, b) => b[0] - a[0]).slice(0, 5);
    const name = document.createElement("b");
    name.textContent = "\\u201c" + data.words[chosen] + "\\u201d";
    const list = most.map(([weight, i]) =>
      data.words[i] + " (word " + (i + 1) + ") " + percent(weight)).join(", ");
    said.replaceChildren(name, (out ? " looks most at: " : " is looked at most by: ") + list + ".");
  };
  const draw = () => { drawMap(); drawWord(pinned); };

  layer.addEventListener("change", () => { fillHeads(); draw(); });
  head.addEventListener("change", draw);
  way.addEventListener("change", draw);
  buttons.forEach((button, i) => {
    button.addEventListener("mouseenter", () => drawWord(i));
    button.addEventListener("mouseleave", () => drawWord(pinned));
    button.addEventListener("focus", () => { pinned = i; drawWord(i); });
    button.addEventListener("click", () => { pinned = i; drawWord(i); });
  });
  for (const part of root.querySelectorAll("[hidden]")) part.hidden = false;
  fillHeads();
  draw();
}"""

"""A student's markdown as HTML that can do nothing but be read."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup, escape
from mdit_py_plugins.dollarmath import dollarmath_plugin

from autograder.report.clean import ANSWER_LIMIT, text

TAGS = {
    *("p", "br", "hr", "h4", "h5", "h6", "strong", "em", "s", "code", "pre", "blockquote"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a", "span", "div"),
}


def essay_html(answer: str) -> Markup:
    """Markdown as HTML: no raw HTML, no pictures, no scripts; formulas stay as they were typed.

    Two guards in a row, so that a hole in one is none in the page: markdown-it-py escapes HTML,
    and nh3 lets a short list of tags through.
    """
    return _cleaned(_PARSER.render(text(answer, ANSWER_LIMIT)))


def sentence_html(words: str) -> Markup:
    """A sentence or two in markdown, as HTML without paragraphs; as guarded as an essay."""
    return _cleaned(_PARSER.renderInline(text(words).strip()))


def _cleaned(html: str) -> Markup:
    return Markup(
        nh3.clean(
            # Once more: what can't be seen may have been written as an entity.
            text(html, len(html)),
            tags=TAGS,
            attributes={"a": {"href"}, "ol": {"start"}},
            allowed_classes={"span": {"math"}, "div": {"math"}},
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener noreferrer nofollow",
        )
    )


def _picture(
    _renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    _options: OptionsDict,
    _env: MutableMapping[str, Any],
) -> str:
    return str(escape(f"[picture: {tokens[index].content or 'untitled'}]"))


def _formula(
    _renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    _options: OptionsDict,
    _env: MutableMapping[str, Any],
) -> str:
    tag = "div" if tokens[index].type == "math_block" else "span"
    return f'<{tag} class="math">{escape(tokens[index].content.strip())}</{tag}>'


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False})
    parser.enable(["table", "strikethrough"])
    # Digits beside a dollar are prices, not formulas.
    parser.use(
        dollarmath_plugin,
        allow_digits=False,
        allow_space=False,
        double_inline=True,
        allow_labels=False,
    )
    for rule in ("math_inline", "math_inline_double", "math_block"):
        parser.add_render_rule(rule, _formula)
    parser.add_render_rule("image", _picture)
    # A page has its own h1 to h3: an essay's headings begin below them.
    parser.core.ruler.push("lower_headings", _lower_headings)
    return parser


def _lower_headings(state: Any) -> None:
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 3, 6)}"


_PARSER = _parser()

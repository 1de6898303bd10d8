"""Rendering a page: one file with its style inside, and a policy that lets nothing else run."""

from __future__ import annotations

import base64
import functools
import hashlib
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def render(template: str, **values: Any) -> str:
    """A page from its template; every value is escaped unless it is `Markup`."""
    style = _style()
    # Should text ever slip through unescaped, the browser still loads and runs nothing.
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),
            policy=policy,
            **values,
        )
    )


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("autograder.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@functools.cache
def _style() -> str:
    environment = _environment()
    source, _, _ = PackageLoader("autograder.report").get_source(environment, "style.css")
    return source

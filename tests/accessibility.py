"""Problems that axe-core finds in a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from web_engines import WEB

if TYPE_CHECKING:
    from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
RUN = """async rules => {
  // what fades in has its colours at the end
  const fading = document.getAnimations().filter(one => one.effect.getTiming().iterations === 1);
  await Promise.all(fading.map(one => one.finished));
  const {violations} = await axe.run(document, {runOnly: rules, resultTypes: ["violations"], preload: false});
  return violations.flatMap(({id, nodes}) => nodes.map(one => `${id}: ${one.html} ${one.failureSummary}`));
}"""


def found(page: Page) -> list[str]:
    """Return the problems of a page as it is, in light and dark colours: rule, what has it, and why."""
    page.evaluate((WEB / "node_modules/axe-core/axe.min.js").read_text("utf-8") + ";null")
    problems = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        problems += page.evaluate(RUN, RULES)
    return problems


def assert_none(problems: Mapping[str, Sequence[str]]) -> None:
    listed = [f"{state}: {one}" for state, found_there in problems.items() for one in found_there]
    assert not listed, "\n".join(listed)

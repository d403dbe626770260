"""Pages with one `<kbvr-photo>`, as tests ask them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

VIEWER = "document.querySelector('kbvr-photo')"
STATE = f"{VIEWER}.state"


def settled(page: Page) -> None:
    """Wait until the view is the same in four frames of the browser one after the other."""
    page.evaluate(
        f"""async () => {{
          for (let [same, before] = [0, ""]; same < 3; ) {{
            await new Promise(requestAnimationFrame);
            const now = JSON.stringify({STATE});
            same = now === before ? same + 1 : 0;
            before = now;
          }}
        }}"""
    )

"""Mending as people do it: click and pull, brushes, keys, undo, reload, two tabs, a killed server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest
from accessibility import assert_none, found
from studio_pages import CAT, SMALL, open_tab, project_of, scene_of, settle, shown

LEVEL = """async ([id, x, y]) => {
  const answer = await fetch(new URL(`api/projects/${id}/mend/depth.bin`, document.baseURI));
  const [width, height] = answer.headers.get("X-Kbvr-Size").split("x").map(Number);
  return new Uint16Array(await answer.arrayBuffer())[Math.floor(y * height) * width + Math.floor(x * width)];
}"""
COLOUR = """(canvas, [x, y]) => {
  const at = [Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1];
  return [...canvas.getContext("2d").getImageData(...at).data];
}"""
FACE, LAWN, CORNER = (0.45, 0.4), (0.06, 0.9), (0.95, 0.06)
"""Places in the photo of the cat."""


@pytest.fixture
def mending(web, cat_url):
    """Open the editor of a depth that has not been mended."""
    with shown(web, cat_url, viewport=SMALL) as page:
        begin(page)
        yield page
        mend(page, "reset", {})
        mend(page, "select", {"clear": True})
        mend(page, "region", {"action": "unprotect"})


def begin(page):
    scene_of(page)
    open_tab(page, "Mend")
    page.locator(".brushing").wait_for()
    idle(page)


def mend(page, path, body):
    ask = """async ([id, path, body]) => {
      const init = {method: "POST", body: JSON.stringify(body)};
      await fetch(new URL(`api/projects/${id}/mend/${path}`, document.baseURI), init);
    }"""
    page.evaluate(ask, [project_of(page)["id"], path, body])


def idle(page):
    """Wait until nothing is on its way to the server."""
    page.locator(".busy:not(.now)").wait_for(state="attached")
    settle(page)
    page.locator(".busy:not(.now)").wait_for(state="attached")


def level(page, place):
    return page.evaluate(LEVEL, [project_of(page)["id"], *place])


def colour(page, place):
    return page.locator("canvas.depth").evaluate(COLOUR, place)


def at(page, place):
    box = page.locator(".brushing").bounding_box()
    return box["x"] + place[0] * box["width"], box["y"] + place[1] * box["height"]


def click(page, place, **more):
    page.mouse.click(*at(page, place), **more)
    page.locator(".outlines .selected").wait_for(state="attached")
    idle(page)


def drag(page, start, end):
    page.mouse.move(*at(page, start))
    page.mouse.down()
    page.mouse.move(*at(page, end), steps=6)
    page.mouse.up()
    idle(page)


def test_a_newcomer_clicks_a_thing_and_pulls_it_nearer(mending):
    """With the tool that is chosen at first; the scene follows."""
    page = mending
    page.get_by_text("Something looks wrong? Click it, then pull it nearer or push it back.").wait_for()
    before, scene = level(page, FACE), project_of(page)["scene"]["revision"]
    corner = level(page, CORNER)
    click(page, FACE)
    page.get_by_role("button", name="Pull nearer").click()
    idle(page)
    assert level(page, FACE) == pytest.approx(1.15 * before, rel=0.01)
    assert level(page, CORNER) == corner
    state = project_of(page)
    assert state["depth"]["is_mended"]
    page.wait_for_function(
        """async ([id, revision]) => {
          const answer = await fetch(new URL(`api/projects/${id}`, document.baseURI));
          return (await answer.json()).scene.revision > revision;
        }""",
        arg=[state["id"], scene],
    )


def test_the_selection_itself_is_dragged_up_and_down(mending):
    page = mending
    before = level(page, FACE)
    click(page, FACE)
    x, y = at(page, FACE)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 110, steps=5)
    page.mouse.up()
    idle(page)
    assert level(page, FACE) == pytest.approx(before / 2**0.5, rel=0.02)
    page.keyboard.press("Control+z")
    idle(page)
    assert level(page, FACE) == before


def test_what_is_mended_is_undone_redone_and_there_after_a_reload(mending):
    page = mending
    before = level(page, FACE)
    page.keyboard.press("f")
    drag(page, (FACE[0] - 0.05, FACE[1]), (FACE[0] + 0.05, FACE[1]))
    after = level(page, FACE)
    assert after < before
    page.get_by_role("button", name="Undo").click()
    idle(page)
    assert level(page, FACE) == before
    page.keyboard.press("Control+Shift+z")
    idle(page)
    assert level(page, FACE) == after
    page.reload()
    begin(page)
    assert level(page, FACE) == after
    page.get_by_role("button", name="Undo").click()
    idle(page)
    assert level(page, FACE) == before


def test_a_stroke_is_shown_while_it_is_drawn(mending):
    page = mending
    page.get_by_role("radio", name="Nearer").click()
    before = colour(page, LAWN)
    page.mouse.move(*at(page, LAWN))
    page.locator(".brush-ring").wait_for()
    page.mouse.down()
    page.wait_for_function("() => performance.getEntriesByName('kbvr:stroke', 'measure').length > 0")
    assert colour(page, LAWN) != before
    page.mouse.up()
    idle(page)


def test_brackets_change_the_size_of_the_brush(mending):
    page = mending
    page.keyboard.press("b")
    page.mouse.move(*at(page, FACE))
    ring = page.locator(".brush-ring")
    small = ring.bounding_box()["width"]
    for _ in range(4):
        page.keyboard.press("]")
    settle(page)
    assert ring.bounding_box()["width"] == pytest.approx(small * 1.2**4, rel=0.1)
    page.keyboard.press("[")
    settle(page)
    assert ring.bounding_box()["width"] == pytest.approx(small * 1.2**3, rel=0.1)


def test_everything_is_done_by_keyboard(mending):
    """Select, pull nearer, paint a dot, and paint a line with Space held."""
    page = mending
    before = level(page, (0.5, 0.5))
    page.locator(".brushing").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.locator(".outlines .selected").wait_for(state="attached")
    idle(page)
    page.keyboard.press(",")
    idle(page)
    pulled = level(page, (0.5, 0.5))
    assert pulled > before
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.locator(".brushing").focus()
    page.keyboard.press("Enter")
    idle(page)
    assert level(page, (0.5, 0.5)) < pulled
    places = [(0.5, 0.5), (0.6, 0.5)]
    levels = [level(page, place) for place in places]
    page.keyboard.down("Space")
    for _ in range(2):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.up("Space")
    idle(page)
    assert all(level(page, place) < old for place, old in zip(places, levels, strict=True))


def test_clicks_add_and_remove_and_actions_use_what_is_selected(mending):
    page = mending
    click(page, LAWN)
    one = page.locator(".selected .solid").get_attribute("d")
    page.keyboard.down("Shift")
    click(page, FACE)
    page.keyboard.up("Shift")
    page.wait_for_function("d => document.querySelector('.selected .solid')?.getAttribute('d') !== d", arg=one)
    page.get_by_role("button", name="Sky").click()
    idle(page)
    assert level(page, LAWN) == level(page, FACE) == 0
    page.keyboard.press("Escape")
    page.locator(".outlines .selected").wait_for(state="detached")


def test_what_is_protected_stays(mending):
    page = mending
    click(page, FACE)
    page.get_by_role("button", name="Protect").click()
    page.locator(".outlines .guarded").wait_for(state="attached")
    before = level(page, FACE)
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    drag(page, FACE, (FACE[0] + 0.02, FACE[1]))
    assert level(page, FACE) == before
    page.get_by_role("button", name="Protect nothing").click()
    page.locator(".outlines .guarded").wait_for(state="detached")


def test_a_lasso_and_a_line_select(mending):
    page = mending
    page.keyboard.press("l")
    x, y = FACE
    page.mouse.move(*at(page, (x - 0.2, y - 0.2)))
    page.mouse.down()
    for corner in ((x + 0.2, y - 0.2), (x + 0.2, y + 0.2), (x - 0.2, y + 0.2), (x - 0.2, y - 0.18)):
        page.mouse.move(*at(page, corner), steps=4)
    page.mouse.up()
    page.locator(".outlines .selected").wait_for(state="attached")
    idle(page)
    page.keyboard.press("Escape")
    page.locator(".outlines .selected").wait_for(state="detached")
    page.keyboard.press("w")
    drag(page, (0.1, 0.92), (0.35, 0.92))
    page.locator(".outlines .selected").wait_for(state="attached")


def test_the_automatic_depth_is_compared_and_comes_back(mending):
    page = mending
    before = colour(page, FACE)
    page.keyboard.press("k")
    drag(page, FACE, (FACE[0] + 0.01, FACE[1]))
    mended = colour(page, FACE)
    assert mended != before
    page.keyboard.down("x")
    page.wait_for_timeout(300)
    assert colour(page, FACE) == before
    page.keyboard.up("x")
    settle(page)
    assert colour(page, FACE) == mended
    page.get_by_role("button", name="Start again").click()
    page.get_by_role("button", name="Use the automatic depth").click()
    idle(page)
    assert colour(page, FACE) == before
    assert not project_of(page)["depth"]["is_mended"]


def test_the_photo_is_enlarged_where_the_mouse_is(mending):
    page = mending
    x, y = at(page, FACE)
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_timeout(100)
    assert page.locator(".brushing").bounding_box()["width"] > 1.5 * page.locator(".mend-area").bounding_box()["width"]
    assert at(page, FACE) == pytest.approx((x, y), abs=3)
    page.keyboard.press("0")
    settle(page)
    assert page.get_by_text("100%").is_visible()


def test_two_tabs_show_the_same_depth(web, cat_url, mending):
    with shown(web, cat_url, viewport=SMALL) as other:
        begin(other)
        before = colour(other, LAWN)
        mending.keyboard.press("k")
        drag(mending, LAWN, (LAWN[0] + 0.02, LAWN[1]))
        other.wait_for_function(
            """([place, before]) => {
              const canvas = document.querySelector("canvas.depth");
              const at = [Math.floor(place[0] * canvas.width), Math.floor(place[1] * canvas.height), 1, 1];
              return [...canvas.getContext("2d").getImageData(...at).data].join() !== before.join();
            }""",
            arg=[LAWN, before],
        )
        assert colour(other, LAWN) == colour(mending, LAWN)


def test_a_finger_paints_and_two_fingers_enlarge(web, cat_url):
    with shown(web, cat_url, "phone") as page:
        begin(page)
        page.get_by_role("radio", name="Sky").tap()
        before = page.locator(".brushing").bounding_box()["width"]
        x, y = at(page, (0.5, 0.5))
        touch = """(layer, [type, id, x, y]) => layer.dispatchEvent(new PointerEvent(type, {
          pointerId: id, pointerType: "touch", clientX: x, clientY: y, bubbles: true, button: 0}))"""
        layer = page.locator(".brushing")
        layer.evaluate("layer => { layer.setPointerCapture = () => undefined; }")
        for event in (("pointerdown", 1, x - 30, y), ("pointerdown", 2, x + 30, y), ("pointermove", 2, x + 90, y)):
            layer.evaluate(touch, event)
        layer.evaluate(touch, ("pointerup", 1, x - 30, y))
        layer.evaluate(touch, ("pointerup", 2, x + 90, y))
        settle(page)
        assert layer.bounding_box()["width"] == pytest.approx(2 * before, rel=0.05)
        idle(page)
        mend(page, "reset", {})


def test_a_brush_is_kept_inside_the_selection(mending):
    page = mending
    click(page, FACE)
    corner = level(page, CORNER)
    page.keyboard.press("k")
    page.get_by_role("switch", name="Stay within edges").click()
    page.get_by_role("switch", name="Only inside the selection").click()
    drag(page, CORNER, FACE)
    assert level(page, CORNER) == corner
    assert level(page, FACE) == 0


@pytest.mark.parametrize("screen", ["wide", "phone"])
def test_the_editor_is_accessible(web, cat_url, screen):
    with shown(web, cat_url, screen) as page:
        begin(page)
        click(page, FACE)
        problems = {"a selection": found(page)}
        page.get_by_role("radio", name="Nearer").click()
        problems["a brush"] = found(page)
        mend(page, "select", {"clear": True})
    assert_none(problems)


def started(folder):
    """Start `kbvr studio` in another process; return it and the address of its page."""
    command = [sys.executable, "-m", "kbvr", "studio", str(CAT), "--no-open", "--projects", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ)
    for line in process.stdout:
        url = re.search(r"http://\S+", line)
        if url:
            return process, url[0]
    raise AssertionError("kbvr studio told no address")


def test_a_killed_server_loses_no_more_than_two_seconds_of_brushing(web, tmp_path):
    process, url = started(tmp_path)
    try:
        with shown(web, url, may_be_refused="net::ERR_") as page:
            page.get_by_role("button", name="cat").first.click()
            begin(page)
            before = level(page, FACE)
            page.keyboard.press("k")
            drag(page, FACE, (FACE[0] + 0.02, FACE[1]))
            process.send_signal(signal.SIGKILL)
            process.wait()
            page.get_by_role("alert").filter(has_text="kbvr has been stopped").wait_for()
        process, url = started(tmp_path)
        with shown(web, url) as page:
            page.get_by_role("button", name="cat").first.click()
            begin(page)
            assert level(page, FACE) == 0
            page.get_by_role("button", name="Undo").click()
            idle(page)
            assert level(page, FACE) == pytest.approx(before, abs=2)
    finally:
        process.kill()
        process.wait()

"""`kbvr view` in an emulated headset: the server's scenes and photos, chosen without leaving VR."""

from __future__ import annotations

from glb_by_hand import write_glb
from PIL import Image
from web_client import viewing
from worn import put_on


def test_a_photo_is_made_into_a_scene_in_vr(web, tmp_path):
    """The whole way, with the real networks: the list, thumbnails, progress, the scene; then the page shows it."""
    folder = tmp_path / "holiday"
    folder.mkdir()
    write_glb(folder / "card_kbvr.glb")
    Image.effect_noise((64, 48), 60).convert("RGB").save(folder / "noise & <b>.jpg")
    with (
        viewing(folder) as served,
        put_on(web, f"{served.url}scene.html?src=files/0/card_kbvr.glb") as worn,
    ):
        page = worn.headset.page
        worn.open_gallery()
        assert worn.labels == ["card_kbvr.glb", "noise & <b>.jpg", "Close"]
        with worn.watched() as frames:
            worn.choose("noise & <b>.jpg")
            worn.until("state.note.startsWith('noise & <b>.jpg: ')")
            page.wait_for_function("() => window.watched.at(-1)[0].includes('scenes/1/')", timeout=120_000)
        assert len(frames) > 20
        worn.until("state.note === 'noise & <b>.jpg'")
        page.evaluate("xrDevice.activeSession.end()")
        page.wait_for_url("**/scene.html?src=scenes/1/*")
        assert page.title() == "noise & <b>.jpg – kbvr"
        page.locator("kbvr-photo .loaded").wait_for()
        page.reload()
        page.locator("kbvr-photo .loaded").wait_for()
        assert page.title() == "noise & <b>.jpg – kbvr"

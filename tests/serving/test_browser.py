"""What pages can do in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

from browser import FLAGS
from web_client import viewing

# A browser

TRIES = """<!doctype html><title>tries</title><style>html { color: rgb(1, 2, 3) }</style><p id="told"></p><script>
const tried = async (name, attempt) => {
  try { return [name, String(await attempt())] } catch { return [name, "refused"] }
};
const worker = () => new Promise((done, fail) => {
  const made = new Worker(URL.createObjectURL(new Blob(["postMessage(String(WebAssembly.validate(wasm)))"
    .replace("wasm", "new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])")])));
  made.onmessage = event => done(event.data);
  made.onerror = fail;
});
const wasm = async () => (await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))).constructor.name;
Promise.all([
  tried("style", () => getComputedStyle(document.documentElement).color),
  tried("file", async () => (await (await fetch(location.search.slice("?src=".length))).arrayBuffer()).byteLength),
  tried("part", async () => (await fetch("files/0/cat.glb", {headers: {Range: "bytes=1-2"}})).status),
  tried("data", async () => (await fetch("data:,abc")).text()),
  tried("blob", async () => (await fetch(URL.createObjectURL(new Blob(["abc"])))).text()),
  tried("worker", worker),
  tried("wasm", wasm),
  tried("eval", () => eval("1")),
  tried("other host", () => fetch("http://localhost:OTHER/", {mode: "no-cors"})),
]).then(all => { document.getElementById("told").textContent = JSON.stringify(Object.fromEntries(all)) });
</script>"""


def test_a_page_can_do_what_viewers_do_and_no_more(files, pages, tmp_path):
    """Chromium obeys the policy: no other host is reached."""
    program = shutil.which("chromium")
    assert program, "this test needs chromium (Debian: apt-get install chromium)"
    with viewing(*files) as other, viewing(*files) as served:
        (pages / "scene.html").write_text(TRIES.replace("OTHER", str(other.port)), "utf-8")
        url = served.url + served.served.site.links[0]
        command = [
            program,
            *FLAGS,
            f"--user-data-dir={tmp_path}/profile",
            "--virtual-time-budget=5000",
            "--dump-dom",
            url,
        ]
        page = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
        reached = len(other.connections)
    told = re.search(r'<p id="told">(.*?)</p>', page)
    assert told is not None, page
    assert json.loads(told[1]) == {
        "style": "rgb(1, 2, 3)",
        "file": "260",
        "part": "206",
        "data": "abc",
        "blob": "abc",
        "worker": "true",
        "wasm": "Module",
        "eval": "refused",
        "other host": "refused",
    }
    assert reached == 0

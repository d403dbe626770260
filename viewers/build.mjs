// Builds the pages that ship in the wheel: node build.mjs [FOLDER]; by default into ../kbvr/pages.
//
// Each page is one file with its script and its style inside, so it opens from disk and loads nothing from other hosts. That of the
// gallery is a template with files beside it (kbvr/gallery/site.py).

import { mkdir, readdir, readFile, realpath, rename, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

import { threeParts } from "./three_parts.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(process.argv[2] ?? join(here, "../kbvr/pages"));

const three = await realpath(join(here, "node_modules/three"));

const NOTICE = `/*!
kbvr's viewer, MIT. It holds parts of three.js:

${(await readFile(join(three, "LICENSE"), "utf8")).trim()}
*/
`;

const DRACO_NOTICE = `/*!
For kbvr's viewer: the decoder of Draco, by the Draco authors, under the Apache License 2.0
(apache.org/licenses/LICENSE-2.0).
*/
`;

const PREACT_NOTICE = `/*!
It holds Preact and its signals, too:

${(await readFile(join(here, "node_modules/preact/LICENSE"), "utf8")).trim()}

${(await readFile(join(here, "node_modules/@preact/signals/LICENSE"), "utf8")).trim()}
*/
`;

const GALLERY_NOTICE = "/*! kbvr's gallery, MIT. */\n";

/** Bundle one entry into one classic script without imports. */
async function script(entry, notice = NOTICE) {
  const { output } = await build({
    configFile: false,
    root: here,
    logLevel: "warn",
    plugins: [threeParts(three, await sources("photo"))],
    build: {
      write: false,
      target: "es2022",
      assetsInlineLimit: 0,
      modulePreload: false,
      rolldownOptions: { input: join(here, entry), output: { format: "iife", codeSplitting: false } },
    },
  });
  const chunks = output.filter((file) => file.type === "chunk");
  if (chunks.length !== 1) throw new Error(`${entry}: expected one script, got ${chunks.length}`);
  return notice + chunks[0].code.trim();
}

/** Return the text of a folder's modules. */
async function sources(folder) {
  const names = (await readdir(join(here, folder), { recursive: true })).filter((name) => name.endsWith(".ts"));
  return (await Promise.all(names.map((name) => readFile(join(here, folder, name), "utf8")))).join("\n");
}

/** Write a page with its scripts inlined; the notice is in the main one. */
async function page(name, notice = NOTICE) {
  let html = await readFile(join(here, name, "index.html"), "utf8");
  for (const [tag, file] of html.matchAll(/<script type="module" src="(\w+\.tsx?)"><\/script>/g)) {
    const bundled = await script(`${name}/${file}`, file.startsWith("main.") ? notice : "");
    const code = bundled.replaceAll("</script", "<\\/script").replaceAll("<!--", "\\x3C!--");
    html = html.replace(tag, () => `<script>${code}</script>`);
  }
  if (html.includes('type="module"')) throw new Error(`${name}/index.html holds a script that is not inlined`);
  await put(`${name}.html`, html);
}

/** Write a file under a temporary name, then rename it. */
async function put(name, text) {
  const temporary = join(target, `${name}.part`);
  await writeFile(temporary, text);
  await rename(temporary, join(target, name));
}

await mkdir(target, { recursive: true });
await put("kbvr-photo.js", await script("photo/element.ts"));
await put("kbvr-draco.js", await script("photo/scene/draco_decoder.ts", DRACO_NOTICE));
await page("scene");
await page("stereo");
await page("studio", NOTICE + PREACT_NOTICE);
await put("gallery.html", await readFile(join(here, "gallery/index.html"), "utf8"));
const styles = ["shared/base.css", "gallery/gallery.css"].map((file) => readFile(join(here, file), "utf8"));
await put("gallery.css", (await Promise.all(styles)).join(""));
await put("gallery.js", await script("gallery/main.ts", GALLERY_NOTICE));

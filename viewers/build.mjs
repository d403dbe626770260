// Builds the pages that ship in the wheel: node build.mjs [FOLDER], else into ../kbvr/pages.
//
// Each page is one file: its script and its style are inside, so that it opens from disk and asks no host for anything.

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(process.argv[2] ?? join(here, "../kbvr/pages"));

/** Where three.js would look for decoders beside its modules, which are not beside a page; ours are inside. */
const NOWHERE = "file:///";

/** Bundle one entry into one classic script without imports. */
async function script(entry) {
  const { output } = await build({
    configFile: false,
    root: here,
    logLevel: "warn",
    define: { "import.meta.url": JSON.stringify(NOWHERE) },
    build: {
      write: false,
      target: "es2022",
      assetsInlineLimit: 0,
      modulePreload: false,
      rolldownOptions: { input: join(here, entry), output: { format: "iife", codeSplitting: false } },
    },
  });
  const chunks = output.filter((file) => file.type === "chunk");
  if (chunks.length !== 1) throw new Error(`${entry}: one script was wanted, got ${chunks.length}`);
  return chunks[0].code.trim();
}

/** Write a page with the script that it loads put inside. */
async function page(name) {
  const html = await readFile(join(here, name, "index.html"), "utf8");
  const tag = '<script type="module" src="main.ts"></script>';
  if (html.split(tag).length !== 2) throw new Error(`${name}/index.html must hold ${tag} once`);
  const code = (await script(`${name}/main.ts`)).replaceAll("</script", "<\\/script").replaceAll("<!--", "\\x3C!--");
  await put(`${name}.html`, html.replace(tag, () => `<script>${code}</script>`));
}

/** Write a file under another name until it is whole. */
async function put(name, text) {
  const aside = join(target, `${name}.part`);
  await writeFile(aside, text);
  await rename(aside, join(target, name));
}

await mkdir(target, { recursive: true });
await put("kbvr-photo.js", await script("photo/element.ts"));
await page("scene");
await page("stereo");

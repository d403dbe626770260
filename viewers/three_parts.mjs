// Bundles only the parts of three.js that draw kbvr's scenes, which halves the script: unlit materials (MeshBasicMaterial,
// LineBasicMaterial) and own shaders (ShaderMaterial), without lights, shadows and environments.
//
// A viewer that uses more fails at once, in the tests too: three.js misses the shader.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The shader of unlit materials in three.js's ShaderLib. */
const SHADER = "meshbasic";

/** Shader chunks that the renderer's own code asks for by name. */
const ASKED_FOR = ["colorspace_pars_fragment", "tonemapping_pars_fragment"];

/** Modules that have nothing to do -> what they are replaced by: the same interface, without any effect. */
const IDLE = {
  "extras/PMREMGenerator.js": "export class PMREMGenerator {}",
  "renderers/shaders/DFGLUTData.js": "export const getDFGLUT = () => null;",
  "renderers/webgl/WebGLEnvironments.js": "export class WebGLEnvironments { get() { return null; } dispose() {} }",
  "renderers/webgl/WebGLShadowMap.js": "export class WebGLShadowMap { render() {} }",
};

const SHADER_LIB = `
  import { ShaderChunk } from "./ShaderChunk.js";
  import { UniformsLib } from "./UniformsLib.js";
  import { mergeUniforms } from "./UniformsUtils.js";
  const { common, specularmap, envmap, aomap, lightmap, fog } = UniformsLib;
  export const ShaderLib = {
    basic: {
      uniforms: mergeUniforms([common, specularmap, envmap, aomap, lightmap, fog]),
      vertexShader: ShaderChunk.${SHADER}_vert,
      fragmentShader: ShaderChunk.${SHADER}_frag,
    },
  };`;

/** Return a plugin of vite; `three` is the folder of the package, `ownShaders` the text of the viewers' own shaders. */
export function threeParts(three, ownShaders) {
  const source = join(three, "src").replaceAll("\\", "/");
  const shaders = `${source}/renderers/shaders`;
  const replaced = new Map([
    [`${shaders}/ShaderLib.js`, () => SHADER_LIB],
    [`${shaders}/ShaderChunk.js`, () => chunks(shaders, ownShaders)],
    ...Object.entries(IDLE).map(([name, code]) => [`${source}/${name}`, () => code]),
  ]);
  const missing = [...replaced.keys()].filter((path) => !existsSync(path));
  if (missing.length) throw new Error(`this version of three.js has no ${missing.join(", ")}`);
  return {
    name: "three-parts",
    enforce: "pre",
    resolveId: (id) => (id === "three" ? `${source}/Three.js` : undefined),
    load: (id) => replaced.get(id)?.(),
    transform: (code, id) => (id.endsWith(".glsl.js") ? small(code) : undefined),
  };
}

/** Return the module with the shader chunks that are included by the shaders in use, directly or by other chunks. */
function chunks(folder, ownShaders) {
  const read = (path) => readFileSync(`${folder}/${path}.glsl.js`, "utf8");
  const included = (text) => [...text.matchAll(/#include <(\w+)>/g)].map(([, name]) => name);
  const names = new Set();
  const open = [...ASKED_FOR, ...included(read(`ShaderLib/${SHADER}`)), ...included(ownShaders)];
  for (let name = open.pop(); name; name = open.pop()) {
    if (names.has(name)) continue;
    names.add(name);
    open.push(...included(read(`ShaderChunk/${name}`)));
  }
  const imports = [...names].sort().map((name) => `import ${name} from "./ShaderChunk/${name}.glsl.js";`);
  return `
    ${imports.join("\n")}
    import { vertex, fragment } from "./ShaderLib/${SHADER}.glsl.js";
    export const ShaderChunk = { ${[...names]}, ${SHADER}_vert: vertex, ${SHADER}_frag: fragment };`;
}

/** Return a shader's module without comments, indents and empty lines in its text. */
function small(code) {
  return code.replace(/\/\* glsl \*\/\s*`([^`]*)`/g, (_, text) => {
    const plain = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
    const lines = plain.split("\n").map((line) => line.trim());
    return JSON.stringify(lines.filter(Boolean).join("\n"));
  });
}

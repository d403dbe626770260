import wrapper from "three/examples/jsm/libs/draco/gltf/draco_wasm_wrapper.js?raw";
import decoder from "three/examples/jsm/libs/draco/gltf/draco_decoder.wasm?url&inline";

import { bytesFromBase64 } from "./base64";
import type { DecodedMesh, DracoMesh } from "./draco";
import { workInDraco } from "./draco_worker";

/** Decode meshes in a worker, which ends with its work. */
globalThis.kbvrDraco = async (meshes: readonly DracoMesh[]): Promise<readonly DecodedMesh[]> => {
  const source = URL.createObjectURL(new Blob([wrapper, `;(${workInDraco})();`], { type: "text/javascript" }));
  const worker = new Worker(source);
  try {
    return await new Promise((done, fail) => {
      worker.onerror = (event) => fail(new Error(event.message || "the browser forbids workers"));
      worker.onmessage = ({ data }) => (typeof data === "string" ? fail(new Error(data)) : done(data));
      worker.postMessage({ wasm: bytesFromBase64(decoder.slice(decoder.indexOf(",") + 1)), meshes });
    });
  } finally {
    worker.terminate();
    URL.revokeObjectURL(source);
  }
};

import { DRACOLoader } from "three/addons/loaders/DRACOLoader.js";
import wrapper from "three/examples/jsm/libs/draco/gltf/draco_wasm_wrapper.js?raw";
import decoder from "three/examples/jsm/libs/draco/gltf/draco_decoder.wasm?url&inline";

import { bytesFromBase64 } from "./base64";

/** Return a loader with the decoder embedded in this script, unpacked when a scene first needs it. */
export function dracoLoader(): DRACOLoader {
  const js = URL.createObjectURL(new Blob([wrapper], { type: "text/javascript" }));
  const wasm = URL.createObjectURL(new Blob([bytesFromBase64(decoder.slice(decoder.indexOf(",") + 1))]));
  const loader = new DRACOLoader().setDecoderPath({ js, wasm }).setWorkerLimit(2);
  const dispose = loader.dispose.bind(loader);
  loader.dispose = () => {
    URL.revokeObjectURL(js);
    URL.revokeObjectURL(wasm);
    return dispose();
  };
  return loader;
}

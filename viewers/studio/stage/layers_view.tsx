import { useEffect, useState } from "preact/hooks";

import { addressOf, getJson } from "../api";
import { tellProblem } from "../state";
import { texts } from "../texts";
import type { ProjectState } from "../types";

interface Layers {
  readonly layers: readonly { readonly name?: string }[];
}

/** The layers of the scene, pulled apart. */
export function LayersView({ project: { id, scene } }: { readonly project: ProjectState }) {
  const [layers, setLayers] = useState<Layers["layers"]>([]);
  const revision = scene?.revision ?? 0;
  useEffect(() => {
    const ended = new AbortController();
    const path = `projects/${id}/layers.json?revision=${revision}`;
    getJson<Layers>(path, ended.signal).then((answer) => setLayers(answer.layers), tellProblem);
    return () => ended.abort();
  }, [id, revision]);
  return (
    <div class="layers" role="img" aria-label={texts.stage.layersOf(layers.length)}>
      {layers.map((_, index) => (
        <img
          key={index}
          src={addressOf(`projects/${id}/layer-${index}.png?revision=${revision}`)}
          alt=""
          draggable={false}
          style={{ "--at": layers.length > 1 ? (layers.length - 1 - index) / (layers.length - 1) - 0.5 : 0 }}
        />
      ))}
    </div>
  );
}

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { addressOf, getJson } from "../api";
import { openProject } from "../opening";
import { Icon } from "../parts/icon";
import { Thumbnail } from "../projects/strip";
import { projects, tellProblem } from "../state";
import { texts } from "../texts";
import type { Example } from "../types";
import { isDragged, isPhone, pick } from "./intake";
import { openExample, uploads } from "./uploads";
import { UploadRows } from "./upload_rows";

const examples = signal<readonly Example[]>([]);

/** The first screen: photos come in here. */
export function Start() {
  useEffect(() => {
    if (examples.value.length) return;
    getJson<readonly Example[]>("examples").then((all) => (examples.value = all), tellProblem);
  }, []);
  return (
    <main class={`start ${projects.value.length ? "has-photos" : ""}`}>
      <div class="start-inside">
        <h1>{texts.start.title}</h1>
        <p class="lead">{texts.start.lead}</p>
        <Drop />
        {uploads.value.length > 0 && <UploadRows />}
        {projects.value.length > 0 && <Recent />}
        {examples.value.length > 0 && <Examples />}
      </div>
    </main>
  );
}

function Drop() {
  return (
    <div class={`drop ${isDragged.value ? "over" : ""}`}>
      <Icon name="picture" />
      <p class="drop-title">{isPhone ? texts.start.dropPhone : texts.start.drop}</p>
      <div class="drop-buttons">
        <button type="button" class="button primary" onClick={() => pick()}>
          {isPhone ? texts.start.pickPhone : texts.start.pick}
        </button>
        {!isPhone && (
          <button type="button" class="button" onClick={() => pick(true)}>
            <Icon name="folder" />
            {texts.start.folder}
          </button>
        )}
      </div>
      {!isPhone && <p class="help">{texts.start.paste}</p>}
      <p class="help">{isPhone ? texts.start.privatePhone : texts.start.private}</p>
    </div>
  );
}

function Recent() {
  return (
    <section aria-labelledby="recent">
      <h2 id="recent">{texts.start.recent}</h2>
      <ul class="cards">
        {projects.value.map(({ id, name, stage, has_thumbnail }) => (
          <li key={id}>
            <button type="button" class="card" onClick={() => openProject(id)}>
              <span class={`card-picture ${stage === "failed" ? "failed" : ""}`}>
                <Thumbnail id={id} isThere={has_thumbnail} isFailed={stage === "failed"} />
              </span>
              <span class="card-name">{name}</span>
              {stage === "failed" && <span class="card-detail">{texts.stages[stage]}</span>}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Examples() {
  return (
    <section class="examples" aria-labelledby="examples">
      <h2 id="examples">{texts.start.examples}</h2>
      <ul class="cards">
        {examples.value.map(({ name, title }) => (
          <li key={name}>
            <button type="button" class="card" onClick={() => void openExample(name).catch(tellProblem)}>
              <span class="card-picture">
                <img src={addressOf(`examples/${name}.jpg`)} alt="" loading="lazy" />
              </span>
              <span class="card-name">{title}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

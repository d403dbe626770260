import { useEffect, useRef, useState } from "preact/hooks";

import { addressOf, send } from "../api";
import { takeProjects } from "../events";
import { openProject } from "../opening";
import { IconButton } from "../parts/button";
import { Icon } from "../parts/icon";
import { rove } from "../parts/keys";
import { ProgressBar } from "../stage/progress_card";
import { pick } from "../start/intake";
import { localPhotos } from "../start/uploads";
import { announce, currentId, projects, tellProblem } from "../state";
import { texts } from "../texts";
import type { ProjectState } from "../types";

/** Thumbnails of all projects, and a way to add more. */
export function Strip() {
  const list = useRef<HTMLUListElement>(null);
  const id = currentId.value;
  useEffect(() => {
    list.current?.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [id]);
  return (
    <nav class="strip" aria-label={texts.projects.label}>
      <ul ref={list} onKeyDown={rove}>
        {projects.value.map((project) => (
          <Tile key={project.id} project={project} isCurrent={project.id === id} />
        ))}
      </ul>
      <IconButton class="add" icon="add" label={texts.projects.add} onClick={() => pick()} />
    </nav>
  );
}

function Tile({ project, isCurrent }: { readonly project: ProjectState; readonly isCurrent: boolean }) {
  const { id, name, stage, share, scene } = project;
  const isBusy = stage !== "ready" && stage !== "failed" && !scene;
  const detail = stage === "ready" || scene ? "" : texts.stages[stage];
  return (
    <li class="tile">
      <button
        type="button"
        data-item
        class={stage === "failed" ? "failed" : ""}
        tabIndex={isCurrent ? 0 : -1}
        aria-current={isCurrent}
        aria-label={detail ? `${name}: ${detail}` : name}
        title={name}
        onClick={() => openProject(id)}
        onKeyDown={(event) => event.key === "Delete" && void remove(project)}
      >
        <Thumbnail key={`${id} ${stage !== "waiting" && stage !== "reading"}`} id={id} />
        {stage === "failed" && <Icon name="warn" />}
      </button>
      {isBusy && <ProgressBar stage={stage} share={share} />}
      {isCurrent && (
        <IconButton class="remove" icon="trash" label={texts.projects.remove(name)} onClick={() => void remove(project)} />
      )}
    </li>
  );
}

function Thumbnail({ id }: { readonly id: string }) {
  const [isMissing, setMissing] = useState(false);
  const local = localPhotos.get(id);
  if (isMissing && !local) return <Icon name="picture" />;
  return (
    <img
      src={isMissing ? local : addressOf(`projects/${id}/thumbnail.jpg`)}
      alt=""
      draggable={false}
      onError={() => setMissing(true)}
    />
  );
}

/** Forget a project; its folder goes to the trash. */
async function remove({ id, name }: ProjectState): Promise<void> {
  if (!confirm(texts.projects.removeQuestion(name))) return;
  try {
    await send("DELETE", `projects/${id}`);
    const list = projects.value;
    const at = list.findIndex((one) => one.id === id);
    if (currentId.value === id) openProject((list[at + 1] ?? list[at - 1])?.id ?? null);
    takeProjects([], [id]);
    announce(texts.projects.removed(name));
  } catch (error) {
    tellProblem(error);
  }
}

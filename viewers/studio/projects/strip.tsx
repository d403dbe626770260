import { useEffect, useRef } from "preact/hooks";

import { addressOf, send } from "../api";
import { takeProjects } from "../events";
import { PickBox } from "../export/pick_box";
import { openProject } from "../opening";
import { IconButton } from "../parts/button";
import { Icon } from "../parts/icon";
import { rove } from "../parts/keys";
import { ProgressBar } from "../stage/progress_card";
import { pick } from "../start/intake";
import { localPhotos } from "../start/uploads";
import { announce, currentId, mode, projects, tellProblem } from "../state";
import { texts } from "../texts";
import type { ProjectStage, ProjectState } from "../types";

const WORKING = new Set<ProjectStage>(["reading", "depth", "layers", "triangles"]);

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
  const isBusy = WORKING.has(stage) && !scene;
  const detail = stage === "failed" || isBusy ? texts.stages[stage] : "";
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
        <Thumbnail id={id} isThere={project.has_thumbnail} />
        {stage === "failed" && <Icon name="warn" />}
      </button>
      {isBusy && <ProgressBar stage={stage} share={share} />}
      {mode.value === "export" && projects.value.length > 1 && <PickBox project={project} />}
      {isCurrent && (
        <IconButton
          class="remove"
          icon="trash"
          label={texts.projects.remove(name)}
          onClick={() => void remove(project)}
        />
      )}
    </li>
  );
}

/** A small picture of a project: this browser's own copy until the server has one. */
export function Thumbnail({ id, isThere }: { readonly id: string; readonly isThere: boolean }) {
  const src = isThere ? addressOf(`projects/${id}/thumbnail.jpg`) : localPhotos.get(id);
  return src ? <img src={src} alt="" draggable={false} /> : <Icon name="picture" />;
}

/** Forget a project; its folder goes to the trash if it is the studio's own. */
async function remove({ id, name, is_own }: ProjectState): Promise<void> {
  if (!confirm(texts.projects.removeQuestion(name, is_own))) return;
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

import { useEffect, useRef } from "preact/hooks";

import { addressOf } from "../api";
import { PickBox } from "../export/pick_box";
import { openProject } from "../opening";
import { IconButton } from "../parts/button";
import { Icon } from "../parts/icon";
import { ProgressBar } from "../parts/progress_bar";
import { rove } from "../parts/keys";
import { pick } from "../start/intake";
import { localPhotos } from "../start/uploads";
import { current, currentId, mode, projects } from "../state";
import { texts } from "../texts";
import type { ProjectStage, ProjectState } from "../types";
import { remove } from "./removing";

const WORKING = new Set<ProjectStage>(["reading", "depth", "triangles"]);

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
      {current.value && <RemoveButton project={current.value} />}
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
        <Thumbnail id={id} isThere={project.has_thumbnail} isFailed={stage === "failed"} />
      </button>
      {isBusy && <ProgressBar label={texts.stages[stage]} share={share} />}
      {mode.value === "export" && projects.value.length > 1 && <PickBox project={project} />}
      {isCurrent && <RemoveButton project={project} />}
    </li>
  );
}

/** On the photo for mice, which show it as they pass over; beside all of them where nothing hovers. */
function RemoveButton({ project }: { readonly project: ProjectState }) {
  const label = texts.projects.remove(project.name);
  return <IconButton class="remove" icon="trash" label={label} onClick={() => void remove(project)} />;
}

/** A small picture of a project: this browser's own copy until the server has one. */
export function Thumbnail({ id, isThere, isFailed }: { id: string; isThere: boolean; isFailed: boolean }) {
  const src = isThere ? addressOf(`projects/${id}/thumbnail.jpg`) : localPhotos.get(id);
  return (
    <>
      {src && <img src={src} alt="" draggable={false} loading="lazy" decoding="async" />}
      {isFailed ? <Icon name="warn" /> : !src && <Icon name="picture" />}
    </>
  );
}

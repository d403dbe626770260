import { batch, effect } from "@preact/signals";

import { getJson, Refusal } from "./api";
import { takeProjects } from "./events";
import { current, currentId, mode, projects, tellProblem } from "./state";
import { texts } from "./texts";
import type { ProjectState } from "./types";

/** Put a project on the stage; null for the first screen. */
export function openProject(id: string | null): void {
  batch(() => {
    currentId.value = id;
    if (mode.value === "mend" && !id) mode.value = "look";
  });
}

/** Let the server open the project on the stage, which makes what it lacks. */
export function followCurrent(): void {
  effect(() => {
    const id = currentId.value;
    if (!id) return;
    getJson<ProjectState>(`projects/${encodeURIComponent(id)}`).then(
      (project) => takeProjects([project]),
      (error: unknown) => {
        if (error instanceof Refusal && error.status === 404 && currentId.peek() === id) openProject(null);
        else tellProblem(error);
      },
    );
  });
}

/** Keep the project on the stage in the page's address, so that it is there again after a reload. */
export function followAddress(): void {
  const read = () => openProject(decodeURIComponent(location.hash.slice(1)) || null);
  read();
  addEventListener("hashchange", read);
  effect(() => {
    const hash = currentId.value ? `#${encodeURIComponent(currentId.value)}` : "";
    document.title = current.value ? `${current.value.name} – ${texts.app.name}` : texts.app.name;
    if (hash !== location.hash) history.replaceState(null, "", hash || location.pathname + location.search);
  });
}

/** Put the next or the previous project on the stage. */
export function step(by: number): void {
  const list = projects.value;
  const at = list.findIndex(({ id }) => id === currentId.value);
  const next = list[(at + by + list.length) % list.length];
  if (at >= 0 && next) openProject(next.id);
}

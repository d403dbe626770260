import { send } from "../api";
import { takeProjects } from "../events";
import { openProject } from "../opening";
import { announce, currentId, projects, tell, tellProblem } from "../state";
import { texts } from "../texts";
import type { ProjectState } from "../types";

/** Remove a project; its folder goes to the trash if it is the studio's own. A note lets people undo it. */
export async function remove({ id, name }: ProjectState): Promise<void> {
  const isInList = Boolean(document.activeElement?.closest(".strip"));
  const list = projects.value; // the news of the removal may come before its answer
  const at = list.findIndex((one) => one.id === id);
  try {
    const { is_in_trash } = await send<{ readonly is_in_trash: boolean }>("DELETE", `projects/${id}`);
    if (currentId.value === id) openProject((list[at + 1] ?? list[at - 1])?.id ?? null);
    takeProjects([], [id]);
    if (isInList) requestAnimationFrame(focusCurrent);
    tell(texts.projects.removed(name, is_in_trash), "note", {
      label: texts.projects.bringBack,
      act: () => void bringBack(id),
    });
  } catch (error) {
    tellProblem(error);
  }
}

/** Undo the removal of a project, which has another id from then on. */
async function bringBack(id: string): Promise<void> {
  try {
    const project = await send<ProjectState>("POST", `projects/${id}/restore`);
    takeProjects([project]);
    openProject(project.id);
    announce(texts.projects.back(project.name));
    requestAnimationFrame(focusCurrent);
  } catch (error) {
    tellProblem(error);
  }
}

/** Let the keyboard go on at the thumbnail of the project on the stage. */
function focusCurrent(): void {
  document.querySelector<HTMLElement>('.strip [aria-current="true"]')?.focus();
}

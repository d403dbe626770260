import { Gallery, type Choice } from "../../photo/headset/gallery";
import { addressOf } from "../api";
import { openProject } from "../opening";
import { current, projects } from "../state";
import type { ProjectState } from "../types";

function sceneOf({ id, scene }: ProjectState): string {
  return addressOf(`projects/${id}/scene.glb?revision=${scene?.revision ?? 0}`);
}

/** The projects that have a scene, to choose in a headset. */
export class ProjectGallery extends Gallery {
  constructor() {
    super(document.body);
  }

  override get own(): string {
    return current.value?.scene ? sceneOf(current.value) : "";
  }

  override async choices(): Promise<readonly Choice[]> {
    return projects.value
      .filter(({ scene }) => scene)
      .map((project) => ({
        name: project.name,
        kind: "",
        src: sceneOf(project),
        thumbnail: addressOf(`projects/${project.id}/thumbnail.jpg`),
        progress: null,
      }));
  }

  override show({ src }: Choice): void {
    const project = projects.value.find((one) => one.scene && sceneOf(one) === src);
    if (project) openProject(project.id);
  }
}

import { addressOf } from "../api";
import { currentId, projects } from "../state";
import { texts } from "../texts";

/** Thumbnails of all projects. */
export function Strip() {
  return (
    <nav class="strip" aria-label={texts.projects.label}>
      {projects.value.map(({ id, name }) => (
        <button key={id} aria-label={name} aria-current={id === currentId.value} onClick={() => (currentId.value = id)}>
          <img src={addressOf(`projects/${id}/thumbnail.jpg`)} alt="" />
        </button>
      ))}
    </nav>
  );
}

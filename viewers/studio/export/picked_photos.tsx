import { Button } from "../parts/button";
import { projects } from "../state";
import { texts } from "../texts";
import { exported, picked } from "./choice";

/** How many photos are exported together. */
export function PickedPhotos() {
  const count = exported.value.length;
  if (projects.value.length < 2) return null;
  const usable = projects.value.filter(({ stage }) => stage !== "failed").map(({ id }) => id);
  return (
    <div class="picked">
      <p role="status">{texts.export.photos(count)}</p>
      {count < usable.length && (
        <Button class="quiet" onClick={() => (picked.value = new Set(usable))}>
          {texts.export.pickAll}
        </Button>
      )}
      {count > 1 && (
        <Button class="quiet" onClick={() => (picked.value = new Set())}>
          {texts.export.pickOne}
        </Button>
      )}
    </div>
  );
}

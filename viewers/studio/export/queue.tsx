import { useEffect, useRef } from "preact/hooks";

import { send } from "../api";
import { takeExports } from "../events";
import { Button, IconButton } from "../parts/button";
import { Icon } from "../parts/icon";
import { ProgressBar } from "../parts/progress_bar";
import { announce, currentId, exportsQueue, projects, tellProblem } from "../state";
import { texts } from "../texts";
import type { ExportStage, ExportState } from "../types";
import { Result } from "./result";

const ICONS = Object.freeze({ waiting: "wait", running: "wait", done: "tick", failed: "warn", cancelled: "close" } as const);
const isActive = ({ state }: ExportState) => state === "waiting" || state === "running";

/** What waits and runs, and what has been made of the photo on the stage. */
export function Queue() {
  useAnnouncements();
  const active = exportsQueue.value.filter(isActive);
  const id = currentId.value;
  const ended = exportsQueue.value
    .filter((one) => !isActive(one) && (!id || one.projects.includes(id)))
    .sort((a, b) => b.ended_at.localeCompare(a.ended_at));
  const running = active.filter(({ state }) => state === "running");
  const waiting = active.filter(({ state }) => state === "waiting").reverse();
  if (!active.length && !ended.length) return null;
  return (
    <section class="queue" aria-labelledby="exports">
      <h3 id="exports">{texts.export.queue}</h3>
      <ul>
        {[...running, ...waiting, ...ended].map((one) => (
          <Entry key={one.id} state={one} />
        ))}
      </ul>
    </section>
  );
}

/** Say when an export has ended, wherever the focus is. */
function useAnnouncements(): void {
  const known = useRef<ReadonlyMap<string, ExportStage> | null>(null);
  useEffect(() => {
    const before = known.current;
    known.current = new Map(exportsQueue.value.map(({ id, state }) => [id, state]));
    for (const one of exportsQueue.value) {
      if (before?.has(one.id) && before.get(one.id) !== one.state) announce(texts.export.ended(one.title, one.state, one.problem));
    }
  }, [exportsQueue.value]);
}

function namesOf({ projects: ids }: ExportState): string {
  if (ids.length > 1) return texts.export.photos(ids.length);
  return projects.value.find(({ id }) => id === ids[0])?.name ?? "";
}

function Entry({ state: one }: { readonly state: ExportState }) {
  const { state, title, problem, stage, share } = one;
  return (
    <li class={`entry ${state}`} data-export={one.id}>
      <div class="entry-head">
        <Icon name={ICONS[state]} />
        <div class="entry-title">
          <p>{title}</p>
          <p class="help">{[namesOf(one), isActive(one) ? "" : texts.export.states[state]].filter(Boolean).join(" · ")}</p>
        </div>
        {isActive(one) ? (
          <IconButton icon="close" label={texts.export.cancel(title)} onClick={() => void cancel(one)} />
        ) : (
          <IconButton class="small" icon="close" label={texts.export.forget(title)} onClick={() => void forget(one)} />
        )}
      </div>
      {state === "running" && <Progress title={title} stage={stage} share={share} />}
      {problem && <p class="problem">{problem}</p>}
      {one.photos.some(({ state: photo }) => photo === "failed") && <FailedPhotos state={one} />}
      {(state === "failed" || state === "cancelled" || hasFailures(one)) && !isActive(one) && (
        <Button icon="reset" class="quiet retry" onClick={() => void retry(one)}>
          {state === "cancelled" && one.photos.length ? texts.export.goOn : texts.export.retry}
        </Button>
      )}
      {one.files.length > 0 && state !== "running" && <Result state={one} />}
    </li>
  );
}

const hasFailures = ({ photos }: ExportState) => photos.some(({ state }) => state === "failed");

function Progress({ title, stage, share }: Pick<ExportState, "title" | "stage" | "share">) {
  const text = texts.export.progress(stage, share === null ? null : Math.round(100 * share));
  return (
    <div class="entry-progress">
      <ProgressBar label={title} share={share} text={text} />
      <p class="help">{text}</p>
    </div>
  );
}

function FailedPhotos({ state: { photos } }: { readonly state: ExportState }) {
  return (
    <ul class="failed-photos">
      {photos
        .filter(({ state }) => state === "failed")
        .map(({ project, name, problem }) => (
          <li key={project}>
            <strong>{name}</strong>: {problem}
          </li>
        ))}
    </ul>
  );
}

async function cancel({ id }: ExportState): Promise<void> {
  try {
    await send("POST", `exports/${id}/cancel`);
  } catch (error) {
    tellProblem(error);
  }
}

/** Take an export that has ended off the list. */
async function forget({ id }: ExportState): Promise<void> {
  try {
    await send("DELETE", `exports/${id}`);
    takeExports([], [id]);
  } catch (error) {
    tellProblem(error);
  }
}

async function retry({ id }: ExportState): Promise<void> {
  try {
    takeExports([await send<ExportState>("POST", `exports/${id}/retry`)]);
  } catch (error) {
    tellProblem(error);
  }
}

import { useSignal } from "@preact/signals";

import { addressOf } from "../api";
import { Button, IconButton } from "../parts/button";
import { Icon } from "../parts/icon";
import { announce } from "../state";
import { texts } from "../texts";
import type { ExportFile, ExportState } from "../types";
import { addressOfFile, downloadOf, isMinor, openingOf, previewOf } from "./files";

/** Files that are listed without being asked for. */
const SHOWN_MAX = 4;

/** What an export has made: a preview, its files, and where they are. */
export function Result({ state }: { readonly state: ExportState }) {
  const major = state.files.filter((file) => !isMinor(file));
  const first = major.length ? major.slice(0, SHOWN_MAX) : state.files.slice(0, SHOWN_MAX);
  const others = state.files.filter((file) => !first.includes(file));
  return (
    <div class="result">
      <Preview state={state} />
      <Files state={state} files={first} />
      {others.length > 0 && (
        <details>
          <summary>{texts.export.moreFiles(others.length)}</summary>
          <Files state={state} files={others} />
        </details>
      )}
      <Folder folder={state.folder} />
      {state.notes.length > 0 && (
        <ul class="help">
          {state.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Preview({ state }: { readonly state: ExportState }) {
  const isStill = useSignal(matchMedia("(prefers-reduced-motion: reduce)").matches);
  const preview = previewOf(state, isStill.value);
  if (!preview) return <ScenePreview state={state} />;
  const { file, kind, isMoving } = preview;
  const address = addressOfFile(state, file);
  const canPlay = isStill.value && !isMoving && previewOf(state, false)?.isMoving === true;
  return (
    <figure class="preview">
      {kind === "picture" ? (
        <img src={address} alt={texts.export.previewOf(state.title)} loading="lazy" />
      ) : (
        <video src={address} controls muted loop playsInline autoplay={!isStill.value} aria-label={texts.export.previewOf(state.title)} />
      )}
      {canPlay && (
        <Button icon="play" class="over" onClick={() => (isStill.value = false)}>
          {texts.stage.play}
        </Button>
      )}
    </figure>
  );
}

/** The photo of a scene, with a way into it. */
function ScenePreview({ state }: { readonly state: ExportState }) {
  const file = state.files.find(({ kind }) => kind === "gltf" || kind === "html");
  const opening = file && openingOf(state, file);
  if (!opening || state.projects.length !== 1) return null;
  return (
    <figure class="preview">
      <img src={addressOf(`projects/${state.projects[0]}/photo.jpg`)} alt="" loading="lazy" />
      <a class="button over" href={opening} target="_blank" rel="noopener">
        <Icon name="look" />
        {texts.export.enter}
      </a>
    </figure>
  );
}

function Files({ state, files }: { readonly state: ExportState; readonly files: readonly ExportFile[] }) {
  return (
    <ul class="files">
      {files.map((file) => {
        const opening = openingOf(state, file);
        return (
          <li key={file.n}>
            <span class="file-name" title={file.name}>
              {file.name}
            </span>
            <span class="file-size">{texts.export.size(file.bytes)}</span>
            {opening && (
              <a class="icon-button small" href={opening} target="_blank" rel="noopener" title={texts.export.open} aria-label={`${texts.export.open}: ${file.name}`}>
                <Icon name="look" />
              </a>
            )}
            <a class="icon-button small" href={downloadOf(state, file)} download={file.name} title={texts.export.download} aria-label={`${texts.export.download}: ${file.name}`}>
              <Icon name="export" />
            </a>
          </li>
        );
      })}
    </ul>
  );
}

/** Where the files are, to be copied. */
function Folder({ folder }: { readonly folder: string }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(folder);
      announce(texts.export.folderCopied);
    } catch {
      // the path can be selected
    }
  };
  return (
    <p class="folder">
      <Icon name="folder" />
      <span title={folder}>
        <bdi>{folder}</bdi>
      </span>
      <IconButton class="small" icon="copy" label={texts.export.copyFolder} onClick={() => void copy()} />
    </p>
  );
}

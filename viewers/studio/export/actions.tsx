import { useSignal } from "@preact/signals";

import { send } from "../api";
import { takeExports } from "../events";
import { Button } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { save } from "../settings";
import { announce, tell, tellProblem } from "../state";
import { texts } from "../texts";
import type { ExportState } from "../types";
import { chosen, exported } from "./choice";
import { PickedPhotos } from "./picked_photos";

type Language = "command" | "python";

const COPIED_MS = 2500;

/** Ask for everything that is chosen. */
async function begin(): Promise<void> {
  if (!(await save(exported.value))) return tell(texts.export.notSaved, "problem");
  const [ids, asked] = [exported.value, chosen.value];
  let begun = 0;
  for (const one of asked) {
    try {
      takeExports([await send<ExportState>("POST", "exports", { projects: ids, ...one })]);
      begun++;
    } catch (error) {
      tellProblem(asked.length > 1 ? texts.export.notBegun(one.title, messageOf(error)) : error);
    }
  }
  if (!begun) return;
  announce(texts.export.begun(begun, asked.length));
  requestAnimationFrame(() => document.querySelector(".queue .entry")?.scrollIntoView({ block: "nearest" }));
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Return the text that does the same as the button: a program, or a line for every export. */
async function asText(language: Language): Promise<string> {
  if (!(await save(exported.value))) throw new Error(texts.export.notSaved);
  const asked = { projects: exported.value, exports: chosen.value.map(({ options }) => options) };
  return (await send<Record<Language, string>>("POST", "exports/as-text", asked))[language];
}

/** The button that exports, and those that copy the same as text. */
export function Actions() {
  const count = exported.value.length;
  const isNothing = !chosen.value.length || !count;
  return (
    <>
      <div class="export-actions">
        <PickedPhotos />
        <Button icon="export" class="primary wide large" disabled={isNothing} onClick={() => void begin()}>
          {!count ? texts.export.unusable : isNothing ? texts.export.nothing : texts.export.go(chosen.value.length, count)}
        </Button>
      </div>
      <div class="copies">
        <CopyButton language="command" disabled={isNothing} />
        <CopyButton language="python" disabled={isNothing} />
      </div>
    </>
  );
}

function CopyButton({ language, disabled }: { readonly language: Language; readonly disabled: boolean }) {
  const isCopied = useSignal(false);
  const shown = useSignal<string | null>(null);
  const copy = async () => {
    try {
      const text = await asText(language);
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        shown.value = text; // a browser that does not let pages copy
        return;
      }
      isCopied.value = true;
      announce(texts.export.copied[language]);
      setTimeout(() => (isCopied.value = false), COPIED_MS);
    } catch (error) {
      tellProblem(error);
    }
  };
  return (
    <>
      <Button
        class={`quiet ${isCopied.value ? "copied" : ""}`}
        icon={isCopied.value ? "tick" : "copy"}
        disabled={disabled}
        onClick={() => void copy()}
      >
        {isCopied.value ? texts.export.copiedShort : texts.export.copy[language]}
      </Button>
      {shown.value !== null && (
        <Dialog title={texts.export.copy[language]} close={() => (shown.value = null)}>
          <textarea class="code" readonly rows={8} value={shown.value} onFocus={(event) => event.currentTarget.select()} />
        </Dialog>
      )}
    </>
  );
}

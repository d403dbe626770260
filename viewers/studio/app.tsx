import { useSignal } from "@preact/signals";

import { ExportPanel } from "./export/panel";
import { Header } from "./header";
import { HelpDialog } from "./help_dialog";
import { LookPanel } from "./look/panel";
import { MendPanel } from "./mend/panel";
import { MendStage } from "./mend/stage";
import { Messages } from "./messages";
import { Icon } from "./parts/icon";
import { Strip } from "./projects/strip";
import { SetPanel } from "./set/panel";
import { Stage } from "./stage/stage";
import { isDragged } from "./start/intake";
import { Start } from "./start/start";
import { UploadRows } from "./start/upload_rows";
import { uploads } from "./start/uploads";
import { current, mode } from "./state";
import { Tabs } from "./tabs";
import { texts } from "./texts";

const PANELS = { look: LookPanel, set: SetPanel, mend: MendPanel, export: ExportPanel };

/** The whole page. */
export function App() {
  return (
    <div class={`app ${current.value ? "" : "start-page"}`}>
      <Header />
      {current.value ? <Workplace /> : <Start />}
      {isDragged.value && (
        <div class="drop-veil">
          <p>
            <Icon name="picture" />
            {texts.start.drop}
          </p>
        </div>
      )}
      <Messages />
      <HelpDialog />
    </div>
  );
}

/** A project: its picture, and what can be done with it. */
function Workplace() {
  const isOpen = useSignal(false);
  const Panel = PANELS[mode.value];
  return (
    <div class={`studio ${isOpen.value ? "sheet-open" : ""}`}>
      <Strip />
      <main class="stage">
        <h1 class="unseen">{current.value!.name}</h1>
        {mode.value === "mend" ? <MendStage /> : <Stage />}
        {uploads.value.length > 0 && <UploadRows />}
      </main>
      <aside class="panel" aria-label={texts.app.panel}>
        <button
          type="button"
          class="sheet-handle"
          aria-label={isOpen.value ? texts.app.lowerSheet : texts.app.raiseSheet}
          aria-expanded={isOpen.value}
          onClick={() => (isOpen.value = !isOpen.value)}
        />
        <Tabs />
        <div class="panel-body" role="tabpanel" id="panel" aria-labelledby={`tab-${mode.value}`} tabIndex={0}>
          <Panel />
        </div>
      </aside>
    </div>
  );
}

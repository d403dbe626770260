import { ExportPanel } from "./export/panel";
import { LookPanel } from "./look/panel";
import { MendPanel } from "./mend/panel";
import { MendStage } from "./mend/stage";
import { Strip } from "./projects/strip";
import { SetPanel } from "./set/panel";
import { Stage } from "./stage/stage";
import { Start } from "./start/start";
import { current, mode } from "./state";
import { Tabs } from "./tabs";
import { texts } from "./texts";

const PANELS = { look: LookPanel, set: SetPanel, mend: MendPanel, export: ExportPanel };

/** The whole page. */
export function App() {
  if (!current.value) return <Start />;
  const Panel = PANELS[mode.value];
  return (
    <div class="studio">
      <Strip />
      <main class="stage">{mode.value === "mend" ? <MendStage /> : <Stage />}</main>
      <aside class="panel" aria-label={texts.app.panel}>
        <Tabs />
        <div class="panel-body" role="tabpanel" id="panel" aria-labelledby={`tab-${mode.value}`} tabIndex={-1}>
          <Panel />
        </div>
      </aside>
    </div>
  );
}

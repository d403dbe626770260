import { openProject } from "./opening";
import { IconButton } from "./parts/button";
import { canRedo, canUndo, redo, undo } from "./settings";
import { isHelpOpen } from "./shortcuts";
import { current, mode } from "./state";
import { texts } from "./texts";
import { isDark, toggleTheme } from "./theme";

/** The top of the page: what is open, and what concerns all of it. */
export function Header() {
  const project = current.value;
  const dark = isDark();
  return (
    <header class="header">
      <button type="button" class="brand" onClick={() => openProject(null)} aria-label={texts.app.home}>
        <Mark />
        <span class="brand-name">{texts.app.name}</span>
      </button>
      <p class="title" title={project?.name ?? ""}>
        {project?.name}
        {project?.size_px && <span class="title-size"> {project.size_px.join(" × ")}</span>}
      </p>
      <div class="header-tools" role="group" aria-label={texts.app.tools}>
        {project && mode.value !== "mend" && (
          <>
            <IconButton icon="undo" label={texts.app.undo} keys="Ctrl Z" disabled={!canUndo.value} onClick={undo} />
            <IconButton
              icon="redo"
              label={texts.app.redo}
              keys="Ctrl Shift Z"
              disabled={!canRedo.value}
              onClick={redo}
            />
          </>
        )}
        <IconButton
          icon={dark ? "light" : "dark"}
          label={dark ? texts.app.light : texts.app.dark}
          onClick={toggleTheme}
        />
        <IconButton icon="help" label={texts.app.help} keys="?" onClick={() => (isHelpOpen.value = true)} />
      </div>
    </header>
  );
}

/** The mark: two views of one picture. */
function Mark() {
  return (
    <svg class="mark" viewBox="0 0 28 28" aria-hidden="true">
      <rect class="left" x="2.5" y="6" width="16" height="16" rx="4" />
      <rect class="right" x="9.5" y="6" width="16" height="16" rx="4" />
    </svg>
  );
}

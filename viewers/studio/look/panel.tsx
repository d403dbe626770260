import { texts } from "../texts";

/** How the picture is shown: the move, the eyes, the comfort. */
export function LookPanel() {
  return <h2>{texts.app.modes.look}</h2>;
}

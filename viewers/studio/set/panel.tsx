import { texts } from "../texts";

/** The options of the project. */
export function SetPanel() {
  return <h2>{texts.set.title}</h2>;
}

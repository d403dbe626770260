import { texts } from "../texts";

/** The tools that mend the depth. */
export function MendPanel() {
  return <h2>{texts.mend.title}</h2>;
}

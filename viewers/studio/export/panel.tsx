import { texts } from "../texts";

/** What can be made of the photos, and the queue of what is being made. */
export function ExportPanel() {
  return <h2>{texts.export.title}</h2>;
}

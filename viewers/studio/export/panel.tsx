import { Actions } from "./actions";
import { Essentials } from "./essentials";
import { MoreFormats } from "./more_formats";
import { PurposeCards } from "./purpose_cards";
import { Queue } from "./queue";

/** What can be made of the photos, and the queue of what is being made. */
export function ExportPanel() {
  return (
    <div class="export-panel">
      <PurposeCards />
      <MoreFormats />
      <Essentials />
      <Actions />
      <Queue />
    </div>
  );
}

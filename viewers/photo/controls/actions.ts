import type { Controls } from "./controls";
import { pictureName, save } from "./save";
import { share, wayToShare } from "./share";
import type { Viewer } from "../viewer";
import { vrAdvice } from "./vr_dialog";
import { isHeadsetThere } from "../headset/xr";

/** Save a picture of the view. */
export async function savePicture(viewer: Viewer, controls: Controls): Promise<void> {
  save(await pictureFile(viewer));
  controls.announce("Picture saved", true);
}

/** Share the page or a picture of the view. */
export async function sharePage(viewer: Viewer, controls: Controls): Promise<void> {
  const said = await share(wayToShare(), () => pictureFile(viewer));
  if (said) controls.announce(said, true);
}

/** Enter VR, or say how, where no headset is. */
export async function enterHeadset(viewer: Viewer, controls: Controls): Promise<void> {
  if (await isHeadsetThere()) return viewer.headset.enter();
  controls.tell(
    "View in VR",
    vrAdvice((text) => controls.announce(text, true)),
  );
}

async function pictureFile(viewer: Viewer): Promise<File> {
  const name = pictureName(viewer.photo, viewer.state.stereo);
  return new File([await viewer.picture()], name, { type: "image/png" });
}

import { signal } from "@preact/signals";

import { isHeadsetThere } from "../../photo/headset/xr";
import { tell, tellProblem } from "../state";
import { texts } from "../texts";
import { picture } from "./live";

/** Whether this browser has a headset. */
export const isHeadset = signal(false);

export function followHeadset(): void {
  const ask = () => void isHeadsetThere().then((is) => (isHeadset.value = is));
  ask();
  navigator.xr?.addEventListener("devicechange", ask);
}

/** Show the scene in a headset, or say what that requires. */
export async function enterHeadset(): Promise<void> {
  if (!isHeadset.value) return tell(texts.stage.noHeadset);
  await picture.value?.enterHeadset().catch(tellProblem);
}

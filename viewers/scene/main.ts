import "./attributes";

import type { KbvrPhoto } from "../photo/element";
import "../photo/element";
import { offerGallery } from "./gallery";

const photo = document.querySelector<KbvrPhoto>("kbvr-photo")!;
offerGallery(photo);
photo.addEventListener("load", () => {
  if (photo.openedName !== null) document.title = `${photo.openedName} – kbvr`;
});
document.addEventListener("keydown", (event) => event.target === document.body && photo.press(event));

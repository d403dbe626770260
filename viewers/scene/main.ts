import { KbvrPhoto } from "../photo/element";
import { offerGallery } from "./gallery";

/** Attributes of the element that the page's address can set. */
const PASSED = ["fit", "stereo", "autoplay", "stats", "vr"] as const;

const query = new URLSearchParams(location.search);
const embedded = document.getElementById("kbvr-scene")?.textContent;
const src = query.get("src");

const photo = new KbvrPhoto();
photo.setAttribute("droppable", "");
for (const name of PASSED) {
  const value = query.get(name);
  if (value !== null) photo.setAttribute(name, value);
}
offerGallery(photo);
if (window.parent !== window) photo.style.touchAction = "pan-y"; // a finger scrolls the embedding page
document.addEventListener("keydown", (event) => event.target === document.body && photo.press(event));
if (embedded) {
  photo.setAttribute("alt", document.title);
  document.body.append(photo);
  void photo.openBase64(embedded);
} else {
  const isHere = src && URL.canParse(src, location.href) && new URL(src, location.href).origin === location.origin;
  if (isHere) photo.setAttribute("src", src);
  document.body.append(photo);
}

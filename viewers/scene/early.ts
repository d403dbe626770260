// Runs before the viewer has arrived: the poster is where the scene's first view will be.

import { FITS, type Fit } from "../photo/framing";
import { placePoster } from "../photo/poster_place";

const element = document.querySelector<HTMLElement>("kbvr-photo")!;
const poster = element.querySelector<HTMLImageElement>('[slot="poster"]');

function place(): void {
  if (customElements.get("kbvr-photo")) return removeEventListener("resize", place);
  const fit = (new URLSearchParams(location.search).get("fit") ?? element.getAttribute("fit")) as Fit;
  placePoster(poster!, element, FITS.includes(fit) ? fit : "auto");
}

if (poster) {
  place();
  poster.addEventListener("load", place);
  poster.addEventListener("error", () => (poster.hidden = true));
  addEventListener("resize", place);
}

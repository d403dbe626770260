// Runs before the viewer has arrived: the poster is where the scene's first view will be from its first moment.

import { FITS, type Fit } from "../photo/look/framing";
import { placePoster } from "../photo/poster_place";

function begin(element: HTMLElement, poster: HTMLImageElement): void {
  const place = () => {
    if (customElements.get("kbvr-photo")) return removeEventListener("resize", place);
    const fit = (new URLSearchParams(location.search).get("fit") ?? element.getAttribute("fit")) as Fit;
    placePoster(poster, element, FITS.includes(fit) ? fit : "auto");
  };
  place();
  poster.addEventListener("load", place);
  poster.addEventListener("error", () => (poster.hidden = true));
  addEventListener("resize", place);
}

/** Notes elements before they are painted. */
const arrivals = new MutationObserver(() => {
  const poster = document.querySelector<HTMLImageElement>("kbvr-photo > [slot=poster]");
  if (!poster) return;
  arrivals.disconnect();
  begin(poster.parentElement!, poster);
});
arrivals.observe(document, { childList: true, subtree: true });
